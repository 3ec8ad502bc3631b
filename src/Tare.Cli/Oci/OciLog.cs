using System.Globalization;
using System.Text;
using Tare.Cli.Formatting;
using Tare.Cli.Io;
using Tare.Linux;

namespace Tare.Cli.Oci;

/// <summary>The runtime's messages, in the forms that runc's have: callers read them from the file of <c>--log</c>.</summary>
internal sealed class OciLog(OciOptions options, Output error) : IDisposable
{
    private Fd? file;

    public void Debug(string message)
    {
        if (options.Debug.Value) Write("debug", message);
    }

    public void Warn(string message) => Write("warning", message);

    /// <summary>What the program ends with. It is on standard error whatever the log is.</summary>
    public void Fail(string message)
    {
        Write("error", message);
        if (options.Log.Value.Length == 0) return;
        error.WriteLine(message);
        error.Flush();
    }

    public void Dispose() => file?.Dispose();

    private void Write(string level, string message)
    {
        var time = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var line = options.LogFormat.Value == "json"
            ? $"{{\"level\":\"{level}\",\"msg\":{JsonText(message)},\"time\":\"{time}\"}}\n"
            : $"time=\"{time}\" level={level} msg={GoText.Quote(message)}\n";
        if (options.Log.Value.Length == 0)
        {
            error.Write(line);
            error.Flush();
            return;
        }
        try
        {
            file ??= RegularFiles.OpenAppend(Path.GetFullPath(options.Log.Value));
            Descriptors.WriteAll(file, Encoding.UTF8.GetBytes(line));
        }
        catch (LinuxException e)
        {
            error.WriteLine($"cannot write to the log {options.Log.Value}: {e.Message}");
            error.Write(line);
            error.Flush();
        }
    }

    private static string JsonText(string text) => $"\"{System.Text.Json.JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
