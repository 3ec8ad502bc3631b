using System.Diagnostics;

namespace Tare.Images.Tests;

/// <summary>Scripts that make and look at what the cases are about.</summary>
internal static class Shell
{
    /// <summary>Runs a script, which must succeed, and returns what it writes. <c>/proc/self</c> is this process.</summary>
    internal static string Sh(string script)
    {
        var own = script.Replace("/proc/self/", $"/proc/{Environment.ProcessId}/", StringComparison.Ordinal);
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-ec", own]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{script}\n{output}{error.GetAwaiter().GetResult()}");
        return output;
    }
}
