using System.Text.Json;
using Tare.Cli.Templates;

namespace Tare.Cli.Formatting;

/// <summary>Networks as rows of a list.</summary>
internal static class NetworkRows
{
    public static IReadOnlyDictionary<string, string> Headers { get; } = new Dictionary<string, string>
    {
        ["ID"] = "NETWORK ID",
        ["Name"] = "NAME",
        ["Driver"] = "DRIVER",
        ["Scope"] = "SCOPE",
        ["IPv4"] = "IPV4",
        ["IPv6"] = "IPV6",
        ["Internal"] = "INTERNAL",
        ["Labels"] = "LABELS",
        ["CreatedAt"] = "CREATED AT",
    };

    /// <summary>One network of the API's list.</summary>
    public static Row Of(JsonElement network, bool truncate) => new("network.networkContext", new Dictionary<string, Func<object?>>
    {
        ["ID"] = () => truncate ? Ids.Shorten(network.Text("Id")) : network.Text("Id"),
        ["Name"] = () => network.Text("Name"),
        ["Driver"] = () => network.Text("Driver"),
        ["Scope"] = () => network.Text("Scope"),
        ["IPv4"] = () => Word(network.Flag("EnableIPv4")),
        ["IPv6"] = () => Word(network.Flag("EnableIPv6")),
        ["Internal"] = () => Word(network.Flag("Internal")),
        ["Labels"] = () => string.Join(',', network.Members("Labels").Select(label => $"{label.Name}={label.Value.GetString()}").Order(StringComparer.Ordinal)),
        ["CreatedAt"] = () => new GoTime(network.Text("Created")).Text,
    })
    {
        Label = name => network.Member("Labels").Text(name),
    };

    private static string Word(bool value) => value ? "true" : "false";
}
