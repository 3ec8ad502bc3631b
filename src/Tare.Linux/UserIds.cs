using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>The ids of this process: credentials(7).</summary>
public static partial class UserIds
{
    /// <summary>The effective user id.</summary>
    public static uint Effective => geteuid();

    /// <summary>The effective group id.</summary>
    public static uint EffectiveGroup => getegid();

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc")]
    private static partial uint getegid();
}
