using System.Reflection;
using System.Runtime.InteropServices;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace Tare.Store;

/// <summary>
/// The calls of SQLite's C interface (sqlite3.h) that the store makes. All arguments are blittable. The published binary has the
/// library linked in under exactly this name; elsewhere the shared library of the system is found, also without its development
/// package.
/// </summary>
internal static class Native
{
    internal const int Ok = 0;
    internal const int HasRow = 100;
    internal const int Done = 101;

    internal const int OpenReadWrite = 0x2;
    internal const int OpenCreate = 0x4;
    internal const int OpenNoMutex = 0x8000;
    internal const int OpenExtendedResultCodes = 0x02000000;

    internal const uint PreparePersistent = 1;

    /// <summary>A destructor argument: SQLite copies the value before the call returns.</summary>
    internal const nint Transient = -1;

    internal const int TypeNull = 5;

    private const string Library = "sqlite3";
    private const string SharedObject = "libsqlite3.so.0";

    static Native() => NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);

    [DllImport(Library)]
    internal static extern int sqlite3_open_v2(ref byte path, out nint database, int flags, nint vfs);

    [DllImport(Library)]
    internal static extern int sqlite3_close_v2(nint database);

    [DllImport(Library)]
    internal static extern nint sqlite3_errmsg(nint database);

    [DllImport(Library)]
    internal static extern nint sqlite3_errstr(int code);

    [DllImport(Library)]
    internal static extern int sqlite3_extended_errcode(nint database);

    [DllImport(Library)]
    internal static extern int sqlite3_busy_timeout(nint database, int milliseconds);

    [DllImport(Library)]
    internal static extern int sqlite3_exec(nint database, ref byte sql, nint callback, nint argument, nint message);

    [DllImport(Library)]
    internal static extern int sqlite3_changes(nint database);

    [DllImport(Library)]
    internal static extern long sqlite3_last_insert_rowid(nint database);

    [DllImport(Library)]
    internal static extern int sqlite3_get_autocommit(nint database);

    [DllImport(Library)]
    internal static extern int sqlite3_prepare_v3(nint database, ref byte sql, int length, uint flags, out nint statement, out nint rest);

    [DllImport(Library)]
    internal static extern int sqlite3_finalize(nint statement);

    [DllImport(Library)]
    internal static extern int sqlite3_step(nint statement);

    [DllImport(Library)]
    internal static extern int sqlite3_reset(nint statement);

    [DllImport(Library)]
    internal static extern int sqlite3_clear_bindings(nint statement);

    [DllImport(Library)]
    internal static extern int sqlite3_bind_parameter_count(nint statement);

    [DllImport(Library)]
    internal static extern int sqlite3_bind_null(nint statement, int index);

    [DllImport(Library)]
    internal static extern int sqlite3_bind_int64(nint statement, int index, long value);

    [DllImport(Library)]
    internal static extern int sqlite3_bind_text(nint statement, int index, ref byte text, int length, nint destructor);

    [DllImport(Library)]
    internal static extern int sqlite3_bind_blob(nint statement, int index, ref byte bytes, int length, nint destructor);

    [DllImport(Library)]
    internal static extern int sqlite3_column_count(nint statement);

    [DllImport(Library)]
    internal static extern int sqlite3_column_type(nint statement, int column);

    [DllImport(Library)]
    internal static extern long sqlite3_column_int64(nint statement, int column);

    [DllImport(Library)]
    internal static extern nint sqlite3_column_text(nint statement, int column);

    [DllImport(Library)]
    internal static extern nint sqlite3_column_blob(nint statement, int column);

    [DllImport(Library)]
    internal static extern int sqlite3_column_bytes(nint statement, int column);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == Library && !NativeLibrary.TryLoad(name, assembly, path, out _) && NativeLibrary.TryLoad(SharedObject, out var handle) ? handle : 0;
}
