using System.Globalization;
using Tare.Errors;
using Tare.Oci.Runtime;

namespace Tare.Engine.Create;

/// <summary>
/// Which ids of files are which in a container, as podman writes it: <c>uids=1000-0-1#2000-1-10;gids=1000-0-1</c>. Each range is the first
/// id in the filesystem, the first id in the container, and how many. An <c>@</c> before a range, which counts the second from the
/// container's user namespace, changes nothing: containers have the host's.
/// </summary>
internal static class IdMapOption
{
    /// <summary>The most lines that the kernel takes (user_namespaces(7)).</summary>
    private const int MaximumRanges = 340;

    private const string Example = "such as idmap=uids=1000-0-1;gids=1000-0-1, which shows the files of user 1000 as root's";

    private static readonly LinuxIdMapping[] Same = [new(0, 0, uint.MaxValue)];

    /// <summary>Reads it. Users or groups that it says nothing of stay as they are.</summary>
    /// <exception cref="TareException">InvalidArgument: it says nothing at all, or something that is not possible.</exception>
    public static (IReadOnlyList<LinuxIdMapping> Users, IReadOnlyList<LinuxIdMapping> Groups) Parse(string text)
    {
        if (text.Length == 0) throw TareException.Invalid($"idmap needs to be told which ids are which, for a container has the host's: write it out, {Example}");
        IReadOnlyList<LinuxIdMapping>? users = null, groups = null;
        foreach (var part in text.Split(';'))
        {
            if (users is null && part.StartsWith("uids=", StringComparison.Ordinal)) users = Ranges(text, part[5..]);
            else if (groups is null && part.StartsWith("gids=", StringComparison.Ordinal)) groups = Ranges(text, part[5..]);
            else throw Wrong(text, $"\"{part}\" is neither uids=… nor gids=…, or is there twice");
        }
        return (users ?? Same, groups ?? Same);
    }

    private static List<LinuxIdMapping> Ranges(string text, string part)
    {
        var ranges = new List<LinuxIdMapping>();
        foreach (var range in part.Split('#'))
        {
            var numbers = range.TrimStart('@').Split('-');
            if (range.StartsWith("@@", StringComparison.Ordinal) || numbers.Length != 3 || !TryNumber(numbers[0], out var inside) || !TryNumber(numbers[1], out var outside) || !TryNumber(numbers[2], out var count))
                throw Wrong(text, $"\"{range}\" is no range of three numbers FILES-CONTAINER-COUNT");
            // 2^32 - 1 is no id: it means "leave as it is".
            if (count == 0 || inside > uint.MaxValue - count || outside > uint.MaxValue - count) throw Wrong(text, $"\"{range}\" has no ids, or some that are too large");
            ranges.Add(new LinuxIdMapping(inside, outside, count));
        }
        if (ranges.Count > MaximumRanges) throw Wrong(text, $"the kernel takes no more than {MaximumRanges} ranges");
        if (Overlap(ranges, range => range.ContainerId) || Overlap(ranges, range => range.HostId)) throw Wrong(text, $"two ranges of \"{part}\" overlap");
        return ranges;
    }

    private static bool Overlap(List<LinuxIdMapping> ranges, Func<LinuxIdMapping, uint> first)
    {
        ulong free = 0;
        foreach (var range in ranges.OrderBy(first))
        {
            if (first(range) < free) return true;
            free = (ulong)first(range) + range.Size;
        }
        return false;
    }

    private static bool TryNumber(string text, out uint number) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static TareException Wrong(string text, string why) => TareException.Invalid($"invalid mode: idmap={text}: {why}; write it {Example}");
}
