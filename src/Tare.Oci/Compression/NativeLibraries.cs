using System.Reflection;
using System.Runtime.InteropServices;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace Tare.Oci.Compression;

/// <summary>
/// The compression libraries. The published binary has them linked in under exactly these names; elsewhere the shared libraries of
/// the system are found, also without their development packages.
/// </summary>
internal static class NativeLibraries
{
    internal const string Zstd = "zstd";
    internal const string Deflate = "deflate";

    static NativeLibraries() => NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Resolve);

    /// <summary>Is called by whoever calls one of them, before the first call.</summary>
    internal static void Use()
    {
        // The static constructor has done it.
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        var shared = name switch
        {
            Zstd => "libzstd.so.1",
            Deflate => "libdeflate.so.0",
            _ => null,
        };
        return shared is not null && !NativeLibrary.TryLoad(name, assembly, path, out _) && NativeLibrary.TryLoad(shared, out var handle) ? handle : 0;
    }
}
