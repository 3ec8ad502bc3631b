using System.Buffers.Text;
using System.Text;

namespace Tare.Runtime.Seccomp;

/// <summary>A system call's numbers, by <see cref="SeccompAbi.Column"/>, -1 where there is none.</summary>
/// <param name="Numbers">The numbers.</param>
/// <param name="Multiplexer">On i386, the call that has this one as a function of its own, or null.</param>
/// <param name="Function">The number of that function.</param>
internal sealed record SyscallEntry(int[] Numbers, string? Multiplexer, uint Function);

/// <summary>The system calls by name (syscalls.txt; its head says how it is read).</summary>
internal static class SyscallTable
{
    private const int Columns = 5;
    private static readonly Lazy<Dictionary<string, SyscallEntry>> Calls = new(Read);

    /// <summary>The names, for whoever compares them with another list.</summary>
    public static IReadOnlyCollection<string> Names => Calls.Value.Keys;

    /// <summary>The call with this name, or null when nobody has heard of it.</summary>
    public static SyscallEntry? Find(string name) => Calls.Value.GetValueOrDefault(name);

    private static Dictionary<string, SyscallEntry> Read()
    {
        using var stream = typeof(SyscallTable).Assembly.GetManifestResourceStream("syscalls")
            ?? throw new InvalidOperationException("this build has no table of system calls in it");
        var text = new byte[stream.Length];
        stream.ReadExactly(text);
        var calls = new Dictionary<string, SyscallEntry>(512);
        foreach (var range in text.AsSpan().Split((byte)'\n'))
        {
            var line = text.AsSpan(range);
            if (line.Length == 0 || line[0] == '#') continue;
            var space = line.IndexOf((byte)' ');
            calls.Add(Encoding.ASCII.GetString(line[..space]), Parse(line[(space + 1)..]));
        }
        return calls;
    }

    private static SyscallEntry Parse(ReadOnlySpan<byte> fields)
    {
        var numbers = new int[Columns];
        var column = 0;
        string? multiplexer = null;
        var function = 0;
        foreach (var range in fields.Split((byte)' '))
        {
            var field = fields[range];
            if (field.IndexOf((byte)'=') is > 0 and var equals)
            {
                multiplexer = field[0] == 's' ? "socketcall" : "ipc";
                function = Number(field[(equals + 1)..]);
                continue;
            }
            numbers[column++] = Number(field);
        }
        if (column == 1) Array.Fill(numbers, numbers[0]);
        return new SyscallEntry(numbers, multiplexer, (uint)function);
    }

    private static int Number(ReadOnlySpan<byte> field) => Utf8Parser.TryParse(field, out int number, out _) ? number : -1;
}
