using System.Text;

namespace Tare.Cli.Creation;

/// <summary>One line of comma-separated fields (RFC 4180), as the values of --mount and --network are written.</summary>
internal static class CsvRecord
{
    /// <returns>What is wrong with it, in the words of Go's encoding/csv; null when it was read.</returns>
    public static string? TryParse(string line, out List<string> fields)
    {
        fields = [];
        if (line.Length == 0) return "EOF";
        var at = 0;
        while (true)
        {
            if (at < line.Length && line[at] == '"')
            {
                var field = new StringBuilder();
                at++;
                while (true)
                {
                    if (at >= line.Length) return $"parse error on line 1, column {at + 1}: extraneous or missing \" in quoted-field";
                    if (line[at] != '"')
                    {
                        field.Append(line[at++]);
                        continue;
                    }

                    at++;
                    if (at >= line.Length || line[at] == ',') break;
                    if (line[at] != '"') return $"parse error on line 1, column {at}: extraneous or missing \" in quoted-field";
                    field.Append(line[at++]);
                }

                fields.Add(field.ToString());
            }
            else
            {
                var comma = line.IndexOf(',', at);
                var end = comma < 0 ? line.Length : comma;
                var quote = line.IndexOf('"', at, end - at);
                if (quote >= 0) return $"parse error on line 1, column {quote + 1}: bare \" in non-quoted-field";
                fields.Add(line[at..end]);
                at = end;
            }

            if (at >= line.Length) return null;
            at++;
        }
    }
}
