using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Tare.Linux;

namespace Tare.Runtime.Cgroups;

/// <summary>Reads the texts of statistics that both versions have, or that need more than a number.</summary>
internal static class StatsText
{
    /// <summary>All lines of the form <c>key value</c>.</summary>
    public static Dictionary<string, ulong> KeyValues(ReadOnlySpan<byte> text)
    {
        var values = new Dictionary<string, ulong>();
        while (ControlText.NextLine(ref text, out var line))
        {
            if (ControlText.NextWord(ref line, out var key)) values[Encoding.UTF8.GetString(key)] = ControlText.Number(ControlText.Trim(line));
        }
        return values;
    }

    /// <summary>All numbers of a text.</summary>
    public static List<ulong> Numbers(ReadOnlySpan<byte> text)
    {
        var numbers = new List<ulong>();
        while (ControlText.NextLine(ref text, out var line))
        {
            while (ControlText.NextWord(ref line, out var word)) numbers.Add(ControlText.Number(word));
        }
        return numbers;
    }

    /// <summary>A list such as <c>0-3,7</c>, number by number.</summary>
    public static List<ushort> Ranges(string text)
    {
        var numbers = new List<ushort>();
        foreach (var range in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var dash = range.IndexOf('-', StringComparison.Ordinal);
            var first = ushort.Parse(dash < 0 ? range : range.AsSpan(0, dash), CultureInfo.InvariantCulture);
            var last = dash < 0 ? first : ushort.Parse(range.AsSpan(dash + 1), CultureInfo.InvariantCulture);
            for (int number = first; number <= last; number++) numbers.Add((ushort)number);
        }
        return numbers;
    }

    /// <summary>v1's lines about block devices: <c>8:0 Read 4096</c> or <c>8:0 4096</c>; the total of all devices is left out.</summary>
    public static List<BlockIoEntry> BlockIo(ReadOnlySpan<byte> text)
    {
        var entries = new List<BlockIoEntry>();
        while (ControlText.NextLine(ref text, out var line))
        {
            ControlText.NextWord(ref line, out var device);
            var colon = device.IndexOf((byte)':');
            if (colon < 0) continue;
            ControlText.NextWord(ref line, out var first);
            var operation = ControlText.NextWord(ref line, out var second) ? Encoding.UTF8.GetString(first) : "";
            entries.Add(new BlockIoEntry(
                ControlText.Number(device[..colon]), ControlText.Number(device[(colon + 1)..]), operation, ControlText.Number(second.IsEmpty ? first : second)));
        }
        return entries;
    }

    /// <summary>v2's <c>io.stat</c>: <c>8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0</c>, as v1 told the same.</summary>
    public static BlockIoStats IoStat(ReadOnlySpan<byte> text)
    {
        var (bytes, operations) = (new List<BlockIoEntry>(), new List<BlockIoEntry>());
        while (ControlText.NextLine(ref text, out var line))
        {
            ControlText.NextWord(ref line, out var device);
            var colon = device.IndexOf((byte)':');
            if (colon < 0) continue;
            var (major, minor) = (ControlText.Number(device[..colon]), ControlText.Number(device[(colon + 1)..]));
            while (ControlText.NextWord(ref line, out var item))
            {
                var isRead = item.StartsWith("r"u8);
                if (!isRead && !item.StartsWith("w"u8)) continue;
                var list = item[1..].StartsWith("bytes="u8) ? bytes : item[1..].StartsWith("ios="u8) ? operations : null;
                list?.Add(new BlockIoEntry(major, minor, isRead ? "Read" : "Write", ControlText.Number(item[(item.IndexOf((byte)'=') + 1)..])));
            }
        }
        return new BlockIoStats { ServiceBytes = bytes, Serviced = operations };
    }

    /// <summary>Lines of <c>rdma.current</c> and <c>rdma.max</c>: <c>mlx4_0 hca_handle=2 hca_object=max</c>.</summary>
    public static List<RdmaStats> Rdma(ReadOnlySpan<byte> text)
    {
        var devices = new List<RdmaStats>();
        while (ControlText.NextLine(ref text, out var line))
        {
            if (!ControlText.NextWord(ref line, out var device)) continue;
            var (handles, objects) = (0u, 0u);
            while (ControlText.NextWord(ref line, out var item))
            {
                var value = (uint)Math.Min(uint.MaxValue, ControlText.Number(item[(item.IndexOf((byte)'=') + 1)..]));
                if (item.StartsWith("hca_handle="u8)) handles = value;
                else if (item.StartsWith("hca_object="u8)) objects = value;
            }
            devices.Add(new RdmaStats(Encoding.UTF8.GetString(device), handles, objects));
        }
        return devices;
    }

    /// <summary>Pressure: <c>some avg10=0.00 avg60=0.00 avg300=0.00 total=0</c>, and the same for <c>full</c>.</summary>
    public static PressureStats Pressure(ReadOnlySpan<byte> text)
    {
        var (some, full) = (default(PressureLine), default(PressureLine));
        while (ControlText.NextLine(ref text, out var line))
        {
            ControlText.NextWord(ref line, out var kind);
            var values = new PressureLine(Value(line, "avg10="u8), Value(line, "avg60="u8), Value(line, "avg300="u8), (ulong)Value(line, "total="u8));
            if (kind.SequenceEqual("some"u8)) some = values;
            else if (kind.SequenceEqual("full"u8)) full = values;
        }
        return new PressureStats(some, full);
    }

    /// <summary>The page sizes of this machine, in the words of the files' names.</summary>
    public static List<string> HugepageSizes()
    {
        var sizes = new List<string>();
        using var folder = Paths.TryOpen(Paths.CurrentDirectory, "/sys/kernel/mm/hugepages", OpenFlags.ReadOnly | Paths.Directory, Resolve.None, out _);
        if (folder is null) return sizes;
        foreach (var entry in DirectoryTree.List(folder))
        {
            if (SizeOf(Encoding.UTF8.GetString(entry.Name)) is { } size) sizes.Add(size);
        }
        return sizes;
    }

    /// <summary>The size in a folder's name: <c>hugepages-2048kB</c> is 2MB.</summary>
    internal static string? SizeOf(string folder)
    {
        if (!folder.StartsWith("hugepages-", StringComparison.Ordinal) || !folder.EndsWith("kB", StringComparison.Ordinal)
            || !ulong.TryParse(folder.AsSpan(10, folder.Length - 12), CultureInfo.InvariantCulture, out var size)) return null;
        return size >= 1 << 20 ? Limits.Text(size >> 20) + "GB" : size >= 1 << 10 ? Limits.Text(size >> 10) + "MB" : Limits.Text(size) + "KB";
    }

    private static double Value(ReadOnlySpan<byte> line, ReadOnlySpan<byte> key)
    {
        var at = line.IndexOf(key);
        return at >= 0 && Utf8Parser.TryParse(line[(at + key.Length)..], out double value, out _) ? value : 0;
    }
}
