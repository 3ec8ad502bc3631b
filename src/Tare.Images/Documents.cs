using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tare.Errors;

namespace Tare.Images;

/// <summary>Reads the JSON documents of images, which come from anywhere.</summary>
internal static class Documents
{
    /// <summary>Reads a document.</summary>
    /// <param name="content">Its bytes.</param>
    /// <param name="type">What it is.</param>
    /// <param name="what">What to call it in messages.</param>
    /// <exception cref="TareException">It is malformed.</exception>
    internal static T Parse<T>(ReadOnlySpan<byte> content, JsonTypeInfo<T> type, string what)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(content, type) ?? throw TareException.Invalid($"{what} is empty");
        }
        catch (JsonException e)
        {
            throw TareException.Invalid($"{what} is malformed: {e.Message}", e);
        }
    }
}
