using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Formatting;
using Tare.Wire;

namespace Tare.Cli.Credentials;

/// <summary>
/// The credentials in config.json. A change is made to the file as it is at that moment: one entry of <c>auths</c> is replaced, and
/// everything else stays, whether this program knows it or not.
/// </summary>
internal sealed class CredentialFile(string path)
{
    private static readonly JsonWriterOptions Layout = new() { Indented = true, IndentCharacter = '\t', IndentSize = 1, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private JsonElement? _root;

    public string Path => path;

    /// <summary>The helper for all servers; empty for none.</summary>
    public string Helper => Root.Text("credsStore");

    /// <summary>The helpers for single servers.</summary>
    public IEnumerable<JsonProperty> Helpers => Root.Members("credHelpers");

    public IEnumerable<JsonProperty> Entries => Root.Members("auths");

    /// <summary>The helper that the file is to name from its next change on, when it names none.</summary>
    public string DetectedHelper { get; set; } = "";

    private JsonElement Root => _root ??= TryRead() ?? default;

    /// <summary>The credentials for a server; null when there is no entry.</summary>
    /// <exception cref="CommandException">The entry is malformed.</exception>
    public AuthConfig? Find(string server)
    {
        JsonElement? found = null;
        foreach (var entry in Entries)
        {
            if (entry.NameEquals(server)) found = entry.Value;
        }

        if (found is { } exact) return Decode(server, exact);
        foreach (var entry in Entries)
        {
            // Files of old clients name servers by whole addresses.
            if (ServerAddress.ToHostName(entry.Name) == server) return Decode(entry.Name, entry.Value);
        }

        return null;
    }

    /// <summary>Whether there is an entry of just this name.</summary>
    public bool Contains(string server) => Entries.Any(entry => entry.NameEquals(server));

    /// <summary>Replaces or removes an entry.</summary>
    /// <param name="server">Its name.</param>
    /// <param name="credentials">The credentials; null removes the entry.</param>
    /// <exception cref="CommandException">The file cannot be read or written.</exception>
    public void Change(string server, AuthConfig? credentials)
    {
        var root = ReadForChange();
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, Layout))
        {
            json.WriteStartObject();
            if (root.Member("auths").ValueKind != JsonValueKind.Object) WriteEntries(json, default, server, credentials);
            foreach (var member in root.ValueKind == JsonValueKind.Object ? root.EnumerateObject() : [])
            {
                if (!member.NameEquals("auths")) member.WriteTo(json);
                else if (member.Value.ValueKind == JsonValueKind.Object) WriteEntries(json, member.Value, server, credentials);
            }

            if (DetectedHelper.Length > 0 && root.Text("credsStore").Length == 0) json.WriteString("credsStore", DetectedHelper);
            json.WriteEndObject();
        }

        PrivateFile.Replace(path, text.GetBuffer().AsSpan(0, (int)text.Length));
        _root = null;
    }

    /// <summary>Reads an entry: name and password are one text in base64.</summary>
    /// <exception cref="CommandException">It is malformed.</exception>
    public static AuthConfig Decode(string server, JsonElement entry)
    {
        var result = new AuthConfig
        {
            Username = entry.Text("username"),
            Password = entry.Text("password"),
            IdentityToken = entry.Text("identitytoken"),
            RegistryToken = entry.Text("registrytoken"),
            ServerAddress = server,
        };
        return entry.Text("auth") is { Length: > 0 } auth ? Split(auth, result) : result;
    }

    /// <summary>Takes <c>base64(name:password)</c> apart.</summary>
    /// <exception cref="CommandException">It is malformed.</exception>
    public static AuthConfig Split(string auth, AuthConfig into)
    {
        string text;
        try
        {
            text = Encoding.UTF8.GetString(Convert.FromBase64String(auth));
        }
        catch (FormatException)
        {
            throw new CommandException($"the credentials for {into.ServerAddress} are not base64: log in again");
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0) throw new CommandException("Invalid auth configuration file");
        return into with { Username = text[..colon], Password = text[(colon + 1)..].Trim('\0') };
    }

    private static void WriteEntries(Utf8JsonWriter json, JsonElement entries, string server, AuthConfig? credentials)
    {
        json.WriteStartObject("auths");
        var written = credentials is null;
        foreach (var entry in entries.ValueKind == JsonValueKind.Object ? entries.EnumerateObject() : [])
        {
            if (!entry.NameEquals(server))
            {
                entry.WriteTo(json);
            }
            else if (!written)
            {
                WriteEntry(json, server, credentials!);
                written = true;
            }
        }

        if (!written) WriteEntry(json, server, credentials!);
        json.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter json, string server, AuthConfig credentials)
    {
        json.WriteStartObject(server);
        if (credentials.Username is not null || credentials.Password is not null)
            json.WriteBase64String("auth", Encoding.UTF8.GetBytes($"{credentials.Username}:{credentials.Password}"));
        if (credentials.IdentityToken is not null) json.WriteString("identitytoken", credentials.IdentityToken);
        if (credentials.RegistryToken is not null) json.WriteString("registrytoken", credentials.RegistryToken);
        json.WriteEndObject();
    }

    /// <summary>A file that cannot be understood has been told of by <see cref="ConfigFile"/>, and has no credentials.</summary>
    private JsonElement? TryRead()
    {
        try
        {
            return Read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private JsonElement ReadForChange()
    {
        try
        {
            return Read();
        }
        catch (JsonException e)
        {
            throw new CommandException($"{path} is not changed, because it is not JSON: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw HostFiles.Failed("open", path, e);
        }
    }

    private JsonElement Read()
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // Also a link to nothing.
            return default;
        }

        if (bytes.AsSpan().Trim(" \t\r\n"u8).IsEmpty) return default;
        using var document = JsonDocument.Parse(bytes);
        return document.RootElement.ValueKind is JsonValueKind.Object or JsonValueKind.Null ? document.RootElement.Clone() : throw new JsonException("the document is no object");
    }
}
