using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>The C library's heap, which SQLite and the runtime itself use: malloc_trim(3).</summary>
public static partial class NativeHeap
{
    /// <summary>Gives free pages back to the kernel.</summary>
    public static void Trim() => _ = malloc_trim(0);

    [LibraryImport("libc")]
    private static partial int malloc_trim(nuint keep);
}
