using System.Text;
using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Formatting;
using Tare.Cli.Io;
using Tare.Linux;
using Tare.Wire;

namespace Tare.Cli.Credentials;

/// <summary>
/// A program <c>docker-credential-NAME</c>: it is called with one word (<c>store</c>, <c>get</c>, <c>erase</c>), reads a document or a
/// server's address from its input, and answers on its output. What it has to say to the user it writes to standard error itself.
/// </summary>
internal sealed class CredentialHelper(string name)
{
    /// <summary>Stands for the name of a user whose secret is an identity token.</summary>
    private const string TokenUser = "<token>";

    private const string NotFound = "credentials not found in native keychain";
    private const int MaximumAnswer = 1 << 20;

    private readonly string _program = ProgramOf(name);

    public static string ProgramOf(string name) => "docker-credential-" + name;

    /// <summary>The credentials for a server; null when the helper has none.</summary>
    /// <exception cref="CommandException">The helper failed.</exception>
    public AuthConfig? Get(string server)
    {
        var (output, failure) = Run("get", Encoding.UTF8.GetBytes(server));
        if (failure is not null) return output == NotFound ? null : throw Failed("getting", failure, output);
        try
        {
            using var document = JsonDocument.Parse(output);
            var user = document.RootElement.Text("Username");
            var secret = document.RootElement.Text("Secret");
            return user == TokenUser ? new AuthConfig { IdentityToken = secret, ServerAddress = server } : new AuthConfig { Username = user, Password = secret, ServerAddress = server };
        }
        catch (JsonException)
        {
            throw new CommandException($"error getting credentials - err: {_program} answered something else than JSON");
        }
    }

    /// <exception cref="CommandException">The helper failed.</exception>
    public void Store(AuthConfig credentials)
    {
        var isToken = credentials.IdentityToken is not null;
        using var document = new MemoryStream();
        using (var json = new Utf8JsonWriter(document))
        {
            json.WriteStartObject();
            json.WriteString("ServerURL", credentials.ServerAddress);
            json.WriteString("Username", isToken ? TokenUser : credentials.Username ?? "");
            json.WriteString("Secret", (isToken ? credentials.IdentityToken : credentials.Password) ?? "");
            json.WriteEndObject();
        }

        document.Write("\n"u8);
        var (output, failure) = Run("store", document.ToArray());
        if (failure is not null) throw Failed("storing", failure, output);
    }

    /// <exception cref="CommandException">The helper failed.</exception>
    public void Erase(string server)
    {
        var (output, failure) = Run("erase", Encoding.UTF8.GetBytes(server));
        if (failure is not null) throw Failed("erasing", failure, output);
    }

    /// <summary>What a failed helper has written is its reason; what looks like the document is not shown.</summary>
    private static CommandException Failed(string doing, string failure, string output)
        => new($"error {doing} credentials - err: {failure}, out: `{(output.Contains('{', StringComparison.Ordinal) ? "" : output)}`");

    /// <summary>Runs the program to its end; gives its output, and why it failed or null.</summary>
    private (string Output, string? Failure) Run(string word, byte[] input)
    {
        if (_program.Contains('/', StringComparison.Ordinal)) return ("", Missing());
        var (theirInput, ourInput) = Descriptors.Pipe();
        var (ourOutput, theirOutput) = Descriptors.Pipe();
        int pid;
        using (theirInput)
        using (theirOutput)
        {
            pid = HostPrograms.TryStart(_program, [word], [theirInput, theirOutput, StandardStreams.Error], out var error);
            if (pid < 0)
            {
                ourInput.Dispose();
                ourOutput.Dispose();
                return ("", error == Errno.ENOENT ? Missing() : $"fork/exec {_program}: {Errno.Describe(error).ToLowerInvariant()}");
            }
        }

        using (ourInput) Send(ourInput, input);
        string? output;
        using (ourOutput) output = Receive(ourOutput);
        var status = Waiting.WaitFor(pid);
        var failure = output is null ? "it answered too much"
            : status.Signaled ? $"signal: {status.Code}"
            : status.Code != 0 ? $"exit status {status.Code}" : null;
        return ((output ?? "").Trim(), failure);
    }

    private string Missing() => $"exec: \"{_program}\": executable file not found in $PATH";

    /// <summary>A helper that does not read its input has ended, or does not need it; its exit status tells which.</summary>
    private static void Send(Fd pipe, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = Descriptors.TryWrite(pipe, bytes, out var error);
            if (error == Errno.EPIPE) return;
            if (count < 0) throw new LinuxException("write to a credential helper", error);
            bytes = bytes[count..];
        }
    }

    /// <summary>Null when it is too long; the helper then gets SIGPIPE.</summary>
    private static string? Receive(Fd pipe)
    {
        var buffer = new byte[4096];
        var count = 0;
        while (Descriptors.Read(pipe, buffer.AsSpan(count)) is > 0 and var read)
        {
            count += read;
            if (count > MaximumAnswer) return null;
            if (count == buffer.Length) Array.Resize(ref buffer, count * 2);
        }

        return Encoding.UTF8.GetString(buffer, 0, count);
    }
}
