using System.Globalization;
using System.Text;
using Tare.Cli.Formatting;

namespace Tare.Cli.Templates;

/// <summary>A time.Time, from RFC 3339.</summary>
internal sealed class GoTime(string text) : GoStruct
{
    public override string TypeName => "time.Time";

    public override IEnumerable<KeyValuePair<string, object?>> Fields => [];

    /// <summary>2006-01-02 15:04:05.999999999 -0700 MST, in the zone that the text names.</summary>
    public override string Text
    {
        get
        {
            if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)) return text;
            var dot = text.IndexOf('.', StringComparison.Ordinal);
            var fraction = dot < 0 ? "" : string.Concat(text[(dot + 1)..].TakeWhile(char.IsAsciiDigit)).TrimEnd('0');
            var offset = $"{(time.Offset < TimeSpan.Zero ? '-' : '+')}{Math.Abs(time.Offset.Hours):00}{Math.Abs(time.Offset.Minutes):00}";
            return $"{time:yyyy-MM-dd HH:mm:ss}{(fraction.Length > 0 ? "." + fraction : "")} {offset} {(time.Offset == TimeSpan.Zero ? "UTC" : offset)}";
        }
    }

    public override bool TryGet(string name, out object? value)
    {
        value = null;
        return false;
    }

    public override void AppendJson(StringBuilder target) => GoJson.AppendString(target, text);
}
