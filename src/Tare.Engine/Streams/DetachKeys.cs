using Tare.Errors;

namespace Tare.Engine.Streams;

/// <summary>
/// Finds the detach keys in what a user types. Keys that might be the beginning of the sequence are held back, and given out when
/// they turn out not to be. For one stream of input.
/// </summary>
public sealed class DetachKeys
{
    /// <summary>What <c>docker</c> uses when the user names no keys: ctrl-p, ctrl-q.</summary>
    public const string Default = "ctrl-p,ctrl-q";

    private readonly byte[] sequence;
    private int matched;

    private DetachKeys(byte[] sequence) => this.sequence = sequence;

    /// <summary>Reads a list such as <c>ctrl-a,a,DEL</c>; empty means <see cref="Default"/>.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: a name that is no key.</exception>
    public static DetachKeys Parse(string? keys)
    {
        var text = string.IsNullOrEmpty(keys) ? Default : keys;
        var bytes = new List<byte>();
        foreach (var key in text.Split(','))
        {
            bytes.Add(KeyByte(key) ?? throw TareException.Invalid($"Invalid detach keys ({text}) provided"));
        }
        return new DetachKeys([.. bytes]);
    }

    /// <summary>The sequence as an exec remembers it, in bytes; none means <see cref="Default"/>.</summary>
    public static DetachKeys OfBytes(byte[]? sequence) => sequence is { Length: > 0 } ? new DetachKeys(sequence) : Parse(null);

    /// <summary>Takes input and says what of it is for the process.</summary>
    /// <param name="input">What the user typed.</param>
    /// <param name="output">Receives what may be passed on: the input, perhaps with keys that were held back before it.</param>
    /// <returns>True when the sequence is complete: the user wants to leave, and the rest of the input is dropped.</returns>
    public bool Process(ReadOnlySpan<byte> input, ICollection<byte> output)
    {
        foreach (var b in input)
        {
            if (b == sequence[matched])
            {
                if (++matched == sequence.Length) return true;
                continue;
            }
            Release(output, b);
        }
        return false;
    }

    /// <summary>What is held back when the input ends: it was not a sequence after all.</summary>
    public ReadOnlyMemory<byte> TakeHeld()
    {
        var held = sequence.AsMemory(0, matched);
        matched = 0;
        return held;
    }

    /// <summary>
    /// Gives out the held keys after a mismatch. A proper ending of the held keys, with the new one, may itself be a beginning of the
    /// sequence (a,a,b typed as a,a,a,b), so only what cannot belong to it any more goes.
    /// </summary>
    private void Release(ICollection<byte> output, byte next)
    {
        var length = matched + 1;
        Span<byte> pending = length <= 64 ? stackalloc byte[length] : new byte[length];
        sequence.AsSpan(0, matched).CopyTo(pending);
        pending[matched] = next;
        var start = 1;
        while (start < length && !sequence.AsSpan().StartsWith(pending[start..])) start++;
        for (var i = 0; i < start; i++) output.Add(pending[i]);
        matched = length - start;
    }

    /// <summary>The bytes of a list, for inspect; empty for an empty list.</summary>
    internal static byte[] BytesOf(string? keys) => string.IsNullOrEmpty(keys) ? [] : Parse(keys).sequence;

    private static byte? KeyByte(string key)
    {
        if (key.Length == 1) return key[0] < 128 ? (byte)key[0] : null;
        if (key == "DEL") return 127;
        if (key.Length != 6 || !key.StartsWith("ctrl-", StringComparison.Ordinal)) return null;
        return key[5] switch
        {
            '@' => 0,
            >= 'a' and <= 'z' => (byte)(key[5] - 'a' + 1),
            '[' => 27,
            '\\' => 28,
            ']' => 29,
            '^' => 30,
            '_' => 31,
            _ => null,
        };
    }
}
