using System.Diagnostics;
using System.Text;

namespace Tare.EndToEnd.Harness;

/// <summary>What a finished command left.</summary>
internal sealed record Result(string Command, int Code, byte[] OutBytes, string Err)
{
    public string Out => Encoding.UTF8.GetString(OutBytes);

    /// <summary>Standard output without its last line end.</summary>
    public string Text => Out.TrimEnd('\n');

    public string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public override string ToString() => $"$ {Command}\nexit {Code}\n--- stdout\n{Out}\n--- stderr\n{Err}";

    public Result Expect(int code)
    {
        Assert.True(Code == code, $"expected exit code {code}\n{this}");
        return this;
    }

    public Result Ok() => Expect(0);
}

/// <summary>A command that is running: its output so far, its standard input, its end.</summary>
internal sealed class Running : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Process process;
    private readonly string command;
    private readonly Capture output = new();
    private readonly Capture error = new();
    private readonly Task pumps;

    private Running(Process process, string command)
    {
        this.process = process;
        this.command = command;
        pumps = Task.WhenAll(output.FillAsync(process.StandardOutput.BaseStream), error.FillAsync(process.StandardError.BaseStream));
    }

    public int Pid => process.Id;

    public bool HasExited => process.HasExited;

    public Stream Stdin => process.StandardInput.BaseStream;

    public string Out => output.Text;

    public string Err => error.Text;

    public static Running Start(string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        ProcessStartInfo info = new(file)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "/",
        };
        foreach (string argument in arguments)
            info.ArgumentList.Add(argument);
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            info.Environment[name] = value;
        string command = Path.GetFileName(file) + " " + string.Join(' ', info.ArgumentList);
        return new Running(Process.Start(info) ?? throw new InvalidOperationException("not started: " + command), command);
    }

    /// <summary>Runs a command to its end with <paramref name="stdin"/> (or none) as its input.</summary>
    public static async Task<Result> RunAsync(string file, IEnumerable<string> arguments, byte[]? stdin = null,
        IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        using Running running = Start(file, arguments, environment, folder);
        await running.WriteAsync(stdin ?? []);
        running.CloseStdin();
        return await running.EndAsync();
    }

    public async Task WriteAsync(byte[] data)
    {
        try
        {
            await Stdin.WriteAsync(data);
            await Stdin.FlushAsync();
        }
        catch (IOException)
        {
            // The command has ended without reading its input; its exit code tells whether that was right.
        }
    }

    public Task WriteAsync(string text) => WriteAsync(Encoding.UTF8.GetBytes(text));

    public void CloseStdin()
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // As above: closing flushes into a pipe that nobody reads any more.
        }
    }

    /// <summary>Waits until the output holds <paramref name="text"/>.</summary>
    public Task SeeAsync(string text) =>
        Eventually.TrueAsync(() => Out.Contains(text, StringComparison.Ordinal) || Err.Contains(text, StringComparison.Ordinal),
            () => $"output never held '{text}'\n$ {command}\n{Out}\n--- stderr\n{Err}", stop: () => process.HasExited && pumps.IsCompleted);

    public async Task<Result> EndAsync(TimeSpan? limit = null)
    {
        using CancellationTokenSource timeout = new(limit ?? Limit);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
            await pumps.WaitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"did not end within {limit ?? Limit}\n$ {command}\n--- stdout\n{Out}\n--- stderr\n{Err}");
        }
        return new Result(command, process.ExitCode, output.Bytes, Err);
    }

    public void Kill() => process.Kill();

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    /// <summary>What a stream has brought so far; read by one thread while another fills it.</summary>
    private sealed class Capture
    {
        private readonly Lock gate = new();
        private readonly MemoryStream data = new();

        public string Text
        {
            get
            {
                lock (gate)
                    return Encoding.UTF8.GetString(data.GetBuffer(), 0, (int)data.Length);
            }
        }

        public byte[] Bytes
        {
            get
            {
                lock (gate)
                    return data.ToArray();
            }
        }

        public async Task FillAsync(Stream from)
        {
            byte[] buffer = new byte[65536];
            int count;
            while ((count = await from.ReadAsync(buffer)) > 0)
            {
                lock (gate)
                    data.Write(buffer, 0, count);
            }
        }
    }
}
