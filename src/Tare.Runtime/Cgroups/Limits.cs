using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>Limits of the specification in the kernel's words, where both versions of control groups have the same.</summary>
internal static class Limits
{
    /// <summary>Digits. A culture is not asked: making the first one takes a program that runs once longer than all its limits.</summary>
    public static string Text(long value) => value < 0 ? "-" + Text((ulong)-value) : Text((ulong)value);

    public static string Text(ulong value) => value.ToString();

    /// <summary>A limit of tasks. Nobody can run in a group of no tasks, and systemd knows no zero: it means one, as with runc.</summary>
    public static string Pids(long limit) => limit < 0 ? "max" : limit == 0 ? "1" : Text(limit);

    /// <summary>Limits of an RDMA device, as <c>rdma.max</c> reads them.</summary>
    public static string Rdma(string device, LinuxRdma limit)
    {
        var text = device;
        if (limit.HcaHandles is { } handles) text += " hca_handle=" + Text(handles);
        if (limit.HcaObjects is { } objects) text += " hca_object=" + Text(objects);
        return text;
    }

    /// <summary>The first part of the names of a page size's files.</summary>
    /// <exception cref="TareException">The size is no part of a file's name.</exception>
    public static string HugepageFile(LinuxHugepageLimit limit) => limit.PageSize.Contains('/', StringComparison.Ordinal)
        ? throw TareException.Invalid($"invalid size of huge pages {limit.PageSize}: write it as 2MB or 1GB")
        : "hugetlb." + limit.PageSize;

    /// <summary>Limits what is reserved to the same size, so that mapping fails rather than touching. Kernels before 5.7 do not count it.</summary>
    public static void SetReserved(string directory, string file, LinuxHugepageLimit limit)
    {
        var error = ControlFiles.TryWrite(directory, file, Text(limit.Limit));
        if (error is not 0 and not Errno.ENOENT) throw ControlFiles.Refused(directory, file, Text(limit.Limit), error);
    }
}
