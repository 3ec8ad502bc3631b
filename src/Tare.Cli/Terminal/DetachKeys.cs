namespace Tare.Cli.Terminal;

/// <summary>
/// Finds the keys that detach in what the user types. Keys of the sequence are held back until it is complete or broken, so that the
/// process never sees them.
/// </summary>
internal sealed class DetachKeys
{
    private readonly byte[] _sequence;
    private int _matched;

    private DetachKeys(byte[] sequence) => _sequence = sequence;

    /// <summary>ctrl-p, ctrl-q.</summary>
    public static DetachKeys Default => new([16, 17]);

    /// <summary>Reads a sequence such as <c>ctrl-p,ctrl-q</c> or <c>a,b</c>; null when it is malformed.</summary>
    public static DetachKeys? TryParse(string text)
    {
        var sequence = new List<byte>();
        foreach (var key in text.Split(','))
        {
            if (key.Length == 1 && key[0] < 0x80)
            {
                sequence.Add((byte)key[0]);
                continue;
            }

            if (!key.StartsWith("ctrl-", StringComparison.Ordinal) || key.Length != 6) return null;
            var code = key[5] switch
            {
                >= 'a' and <= 'z' => key[5] - 'a' + 1,
                '@' => 0,
                '[' => 27,
                '\\' => 28,
                ']' => 29,
                '^' => 30,
                '_' => 31,
                _ => -1,
            };
            if (code < 0) return null;
            sequence.Add((byte)code);
        }

        return new DetachKeys([.. sequence]);
    }

    /// <summary>Takes typed bytes.</summary>
    /// <param name="typed">What was typed.</param>
    /// <param name="passed">Takes what is for the process, with what was held back before when the sequence broke.</param>
    /// <returns>True when the sequence is complete; what was typed behind it is dropped.</returns>
    public bool Take(ReadOnlySpan<byte> typed, List<byte> passed)
    {
        foreach (var key in typed)
        {
            if (key == _sequence[_matched])
            {
                if (++_matched == _sequence.Length) return true;
                continue;
            }

            passed.AddRange(_sequence.AsSpan(0, _matched));
            _matched = key == _sequence[0] ? 1 : 0;
            if (_matched == 0) passed.Add(key);
            else if (_sequence.Length == 1) return true;
        }

        return false;
    }
}
