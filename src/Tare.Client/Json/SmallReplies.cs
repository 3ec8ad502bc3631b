using System.Text.Json;
using Tare.Wire;

namespace Tare.Client.Json;

/// <summary>Reads the few small answers on the way of every run and exec by hand; see <see cref="CreateRequestWriter"/>.</summary>
internal static class SmallReplies
{
    public static ContainerCreateResponse Created(ReadOnlyMemory<byte> json)
    {
        var id = "";
        var warnings = new List<string>();
        var reader = Open(json);
        while (NextMember(ref reader) is { } name)
        {
            if (Is(name, "Id") && reader.TokenType == JsonTokenType.String) id = reader.GetString()!;
            else if (Is(name, "Warnings") && reader.TokenType == JsonTokenType.StartArray) ReadTexts(ref reader, warnings);
            else reader.Skip();
        }

        return new ContainerCreateResponse { Id = id, Warnings = warnings };
    }

    public static string Id(ReadOnlyMemory<byte> json) => Created(json).Id;

    public static ContainerWaitResponse Exited(ReadOnlyMemory<byte> json)
    {
        var result = new ContainerWaitResponse();
        var reader = Open(json);
        while (NextMember(ref reader) is { } name)
        {
            if (Is(name, "StatusCode") && reader.TokenType == JsonTokenType.Number)
            {
                result.StatusCode = reader.GetInt64();
            }
            else if (Is(name, "Error") && reader.TokenType == JsonTokenType.StartObject)
            {
                result.Error = new ContainerWaitExitError();
                while (NextMember(ref reader, started: true) is { } inner)
                {
                    if (Is(inner, "Message") && reader.TokenType == JsonTokenType.String) result.Error.Message = reader.GetString();
                    else reader.Skip();
                }
            }
            else
            {
                reader.Skip();
            }
        }

        return result;
    }

    /// <summary>An exec's state and exit code, of all that its inspection says.</summary>
    public static (bool Running, int? ExitCode) Exec(ReadOnlyMemory<byte> json)
    {
        var running = false;
        int? code = null;
        var reader = Open(json);
        while (NextMember(ref reader) is { } name)
        {
            if (Is(name, "Running")) running = reader.TokenType == JsonTokenType.True;
            else if (Is(name, "ExitCode") && reader.TokenType == JsonTokenType.Number) code = reader.GetInt32();
            else reader.Skip();
        }

        return (running, code);
    }

    private static Utf8JsonReader Open(ReadOnlyMemory<byte> json) => new(json.Span);

    private static bool Is(string name, string expected) => name.Equals(expected, StringComparison.OrdinalIgnoreCase);

    /// <summary>Stands on the value of the object's next member, whose name it returns; null at the end of the object.</summary>
    private static string? NextMember(ref Utf8JsonReader reader, bool started = false)
    {
        if (reader.TokenType == JsonTokenType.None && !started)
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("the engine's answer is not an object");
        }

        if (!reader.Read() || reader.TokenType == JsonTokenType.EndObject) return null;
        var name = reader.GetString()!;
        reader.Read();
        return name;
    }

    private static void ReadTexts(ref Utf8JsonReader reader, List<string> target)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String) target.Add(reader.GetString()!);
            else reader.Skip();
        }
    }
}
