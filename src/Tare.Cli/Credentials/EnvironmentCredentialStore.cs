using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Io;
using Tare.Wire;

namespace Tare.Cli.Credentials;

/// <summary>Credentials of the environment variable DOCKER_AUTH_CONFIG, in front of those that are kept.</summary>
internal sealed class EnvironmentCredentialStore : ICredentialStore
{
    public const string Variable = "DOCKER_AUTH_CONFIG";

    private readonly Dictionary<string, AuthConfig> _known;
    private readonly ICredentialStore _kept;
    private readonly Output _errors;

    private EnvironmentCredentialStore(Dictionary<string, AuthConfig> known, ICredentialStore kept, Output errors) => (_known, _kept, _errors) = (known, kept, errors);

    /// <summary>The store, or only <paramref name="kept"/> when the variable is not set or malformed, which is told.</summary>
    public static ICredentialStore Over(ICredentialStore kept, Output errors)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } text) return kept;
        try
        {
            return new EnvironmentCredentialStore(Parse(text), kept, errors);
        }
        catch (Exception e) when (e is JsonException or CommandException)
        {
            errors.WriteLine($"Failed to create credential store from {Variable}:  {(e is CommandException ? e.Message : "it is not JSON")}");
            errors.Flush();
            return kept;
        }
    }

    public AuthConfig Get(string server) => _known.TryGetValue(server, out var credentials) ? credentials : _kept.Get(server);

    public void Store(AuthConfig credentials)
    {
        _known[credentials.ServerAddress!] = credentials;
        _kept.Store(credentials);
    }

    public void Erase(string server)
    {
        _known.Remove(server);
        try
        {
            _kept.Erase(server);
        }
        catch (CommandException e)
        {
            _errors.WriteLine("memorystore:  " + e.Message);
        }
    }

    /// <summary>Only <c>{"auths":{SERVER:{"auth":…}}}</c> is read, and nothing else may be there.</summary>
    private static Dictionary<string, AuthConfig> Parse(string text)
    {
        var known = new Dictionary<string, AuthConfig>();
        using var document = JsonDocument.Parse(text);
        foreach (var member in document.RootElement.EnumerateObject())
        {
            if (!member.NameEquals("auths")) throw Unknown(member);
            foreach (var entry in member.Value.EnumerateObject())
            {
                var auth = "";
                foreach (var part in entry.Value.EnumerateObject())
                {
                    if (!part.NameEquals("auth")) throw Unknown(part);
                    auth = part.Value.GetString() ?? "";
                }

                if (auth.Length == 0) throw new CommandException($"{Variable} environment variable is missing key `auth` for {entry.Name}");
                known[entry.Name] = CredentialFile.Split(auth, new AuthConfig { ServerAddress = entry.Name });
            }
        }

        return known;
    }

    private static CommandException Unknown(JsonProperty member) => new($"json: unknown field \"{member.Name}\"");
}
