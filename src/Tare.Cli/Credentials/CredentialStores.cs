using Tare.Cli.Commands;
using Tare.Cli.Io;
using Tare.Oci;
using Tare.Wire;

namespace Tare.Cli.Credentials;

/// <summary>Which store keeps the credentials for which server: the helper of that server, the helper of all, or the file.</summary>
internal sealed class CredentialStores
{
    private readonly CredentialFile _file;
    private readonly FileCredentialStore _plain;
    private readonly Output _errors;
    private readonly string _helper;

    /// <param name="directory">The folder of config.json.</param>
    /// <param name="errors">Takes warnings.</param>
    public CredentialStores(string directory, Output errors)
    {
        _errors = errors;
        _file = new CredentialFile(Path.Combine(directory, "config.json"));
        _plain = new FileCredentialStore(_file, errors);
        _helper = _file.Helper;
        // Whoever has said nothing yet gets the platform's helper, if it is there.
        if (_helper.Length == 0 && !_file.Helpers.Any() && !_file.Entries.Any()) _file.DetectedHelper = _helper = DetectHelper();
    }

    /// <summary>The store for a server.</summary>
    public ICredentialStore For(string server)
    {
        var helper = _helper;
        foreach (var own in _file.Helpers)
        {
            if (own.NameEquals(server)) helper = own.Value.ValueKind == System.Text.Json.JsonValueKind.String ? own.Value.GetString()! : "";
        }

        ICredentialStore store = helper.Length > 0 ? new HelperCredentialStore(new CredentialHelper(helper), _plain) : _plain;
        return EnvironmentCredentialStore.Over(store, _errors);
    }

    /// <summary>The credentials for a server; empty when there are none.</summary>
    /// <exception cref="CommandException">They cannot be read.</exception>
    public AuthConfig Get(string server) => For(server).Get(server);

    /// <summary>The header for what is to be done with an image.</summary>
    /// <exception cref="CommandException">The credentials cannot be read.</exception>
    public string HeaderFor(Reference image) => Get(ServerAddress.Of(image.Domain)).Encode();

    /// <summary>As <see cref="HeaderFor(Reference)"/>, of nobody when the credentials cannot be read: the registry may do without.</summary>
    public string HeaderOrNobody(string server)
    {
        try
        {
            return Get(server).Encode();
        }
        catch (CommandException)
        {
            return new AuthConfig().Encode();
        }
    }

    private static string DetectHelper()
    {
        var helper = HostPrograms.Exists("pass") ? "pass" : "secretservice";
        return HostPrograms.Exists(CredentialHelper.ProgramOf(helper)) ? helper : "";
    }
}
