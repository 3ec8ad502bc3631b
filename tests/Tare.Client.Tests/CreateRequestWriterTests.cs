using System.Collections;
using System.Reflection;
using System.Text.Json.Nodes;
using Tare.Client.Json;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Client.Tests;

/// <summary>Bodies that are written by hand say the same as those that the serializer writes.</summary>
public sealed class CreateRequestWriterTests
{
    public static TheoryData<string> ConfigMembers => new(Members(typeof(ContainerCreateRequest)).Where(name => name is not "HostConfig"));

    public static TheoryData<string> HostMembers => new(Members(typeof(HostConfig)));

    public static TheoryData<string> ExecMembers => new(Members(typeof(ExecCreateRequest)));

    [Theory]
    [MemberData(nameof(ConfigMembers))]
    public void A_member_of_the_configuration_is_written(string name)
    {
        var request = new ContainerCreateRequest { HostConfig = new HostConfig() };
        Fill(request, name);
        Same(WireJson.ToUtf8(request), CreateRequestWriter.Write(request).ToArray(), name);
    }

    [Theory]
    [MemberData(nameof(HostMembers))]
    public void A_member_of_the_host_configuration_is_written(string name)
    {
        var request = new ContainerCreateRequest { HostConfig = new HostConfig() };
        Fill(request.HostConfig, name);
        Same(WireJson.ToUtf8(request), CreateRequestWriter.Write(request).ToArray(), name);
    }

    [Theory]
    [MemberData(nameof(ExecMembers))]
    public void A_member_of_an_exec_is_written(string name)
    {
        var request = new ExecCreateRequest();
        Fill(request, name);
        Same(WireJson.ToUtf8(request), CreateRequestWriter.Write(request).ToArray(), name);
    }

    [Fact]
    public void Empty_lists_that_mean_something_stay()
    {
        var request = new ContainerCreateRequest { Entrypoint = [], HostConfig = new HostConfig { MaskedPaths = [], ReadonlyPaths = [] } };
        var json = JsonNode.Parse(CreateRequestWriter.Write(request).Span)!;
        Assert.Empty(json["Entrypoint"]!.AsArray());
        Assert.Empty(json["HostConfig"]!["MaskedPaths"]!.AsArray());
        Assert.Empty(json["HostConfig"]!["ReadonlyPaths"]!.AsArray());
    }

    private static IEnumerable<string> Members(Type type)
        => type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite).Select(property => property.Name);

    private static void Fill(object target, string name)
    {
        var property = target.GetType().GetProperty(name)!;
        var value = Sample(property.PropertyType);
        property.SetValue(target, value);
        Assert.NotNull(value);
    }

    private static object Sample(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string)) return "text \"é\" <&>";
        if (type == typeof(bool)) return true;
        if (type.IsPrimitive) return Convert.ChangeType(7, type, System.Globalization.CultureInfo.InvariantCulture);
        if (type == typeof(IReadOnlySet<string>)) return new HashSet<string> { "80/tcp" };
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            var array = Array.CreateInstance(type.GetGenericArguments()[0], 1);
            array.SetValue(Sample(type.GetGenericArguments()[0]), 0);
            return array;
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>))
        {
            var map = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(type.GetGenericArguments()))!;
            map["key"] = Sample(type.GetGenericArguments()[1]);
            return map;
        }

        var result = Activator.CreateInstance(type)!;
        foreach (var property in type.GetProperties().Where(property => property.CanWrite)) property.SetValue(result, Sample(property.PropertyType));
        return result;
    }

    /// <summary>Equal but for members whose value is empty: those stand for nothing in either.</summary>
    private static void Same(byte[] expected, byte[] actual, string name)
    {
        var wanted = Prune(JsonNode.Parse(expected))!.ToJsonString();
        var got = Prune(JsonNode.Parse(actual))!.ToJsonString();
        Assert.Equal(wanted, got);
        Assert.Contains(name, got, StringComparison.OrdinalIgnoreCase);
    }

    private static JsonNode? Prune(JsonNode? node)
    {
        if (node is JsonObject map)
        {
            var sorted = new JsonObject();
            foreach (var (key, value) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                var pruned = Prune(value);
                var empty = pruned is null || pruned.ToJsonString() is "\"\"" or "0" or "false" or "{}" or "[]" or "[0,0]";
                // A set's members are empty objects.
                if (!empty || key == "80/tcp") sorted[key] = pruned?.DeepClone();
            }

            return sorted;
        }

        if (node is not JsonArray list) return node;
        var copy = new JsonArray();
        foreach (var item in list) copy.Add(Prune(item)?.DeepClone());
        return copy;
    }
}
