using System.Globalization;
using System.Text;

namespace Tare.Runtime.Containers;

/// <summary>
/// Writes the state file, an object of JSON. A runtime that ends after milliseconds writes one, and would have to set up tables for all of
/// the encoders of System.Text.Json for it.
/// </summary>
internal sealed class StateText
{
    private readonly StringBuilder text = new("{", 1024);

    public void Add(string name, string value)
    {
        Name(name);
        Quote(value);
    }

    public void Add(string name, ulong value)
    {
        Name(name);
        text.Append(CultureInfo.InvariantCulture, $"{value}");
    }

    public void Add(string name, bool value)
    {
        Name(name);
        text.Append(value ? "true" : "false");
    }

    public void Open(string name)
    {
        Name(name);
        text.Append('{');
    }

    public void Close() => text.Append('}');

    /// <summary>The whole, in UTF-8.</summary>
    public byte[] Finish()
    {
        Close();
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private void Name(string name)
    {
        if (text[^1] != '{') text.Append(',');
        Quote(name);
        text.Append(':');
    }

    private void Quote(string value)
    {
        text.Append('"');
        foreach (var character in value)
        {
            if (character is '"' or '\\') text.Append('\\').Append(character);
            else if (character < ' ') text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            else text.Append(character);
        }
        text.Append('"');
    }
}
