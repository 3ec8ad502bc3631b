using System.Runtime.InteropServices;
using System.Text;

namespace Tare.Store;

/// <summary>One connection to the database file and its prepared statements. Used by one thread at a time.</summary>
internal sealed class Connection : IDisposable
{
    /// <summary>How long a writer waits for one of another process.</summary>
    private const int BusyTimeoutMilliseconds = 10_000;

    private readonly string _path;
    private readonly Dictionary<string, Statement> _statements = new(StringComparer.Ordinal);
    private nint _handle;
    private Durability? _durability;

    internal Connection(string path)
    {
        _path = path;
        var name = Terminated(path);
        const int flags = Native.OpenReadWrite | Native.OpenCreate | Native.OpenNoMutex | Native.OpenExtendedResultCodes;
        var code = Native.sqlite3_open_v2(ref name[0], out _handle, flags, 0);
        try
        {
            Check(code);
            Check(Native.sqlite3_busy_timeout(_handle, BusyTimeoutMilliseconds));
            ExecuteScript("PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;");
            SetDurability(Durability.Normal);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal long LastInsertId => Native.sqlite3_last_insert_rowid(_handle);

    internal int ChangedRows => Native.sqlite3_changes(_handle);

    /// <summary>Whether a transaction is open. SQLite ends one itself when the disk is full or broken.</summary>
    internal bool InTransaction => Native.sqlite3_get_autocommit(_handle) == 0;

    internal void SetDurability(Durability durability)
    {
        if (_durability == durability) return;
        ExecuteScript(durability == Durability.Full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
        _durability = durability;
    }

    /// <summary>Carries out statements that return nothing and are used once.</summary>
    internal void ExecuteScript(string sql)
    {
        var text = Terminated(sql);
        Check(Native.sqlite3_exec(_handle, ref text[0], 0, 0, 0));
    }

    /// <summary>Takes the prepared statement for a text, or prepares it. Give it back with <see cref="Return"/>.</summary>
    internal Statement Rent(string sql)
    {
        if (_statements.TryGetValue(sql, out var cached) && !cached.Rented)
        {
            cached.Rented = true;
            return cached;
        }

        var text = Encoding.UTF8.GetBytes(sql);
        if (text.Length == 0) throw new ArgumentException("the SQL is empty", nameof(sql));
        Check(Native.sqlite3_prepare_v3(_handle, ref text[0], text.Length, Native.PreparePersistent, out var handle, out _));
        var statement = new Statement(this, handle) { Rented = true };
        _statements.TryAdd(sql, statement);
        return statement;
    }

    /// <summary>Gives a statement back; one that was prepared because the cached one was in use is freed.</summary>
    internal void Return(string sql, Statement statement)
    {
        statement.Reset();
        statement.Rented = false;
        if (!ReferenceEquals(_statements[sql], statement)) statement.Dispose();
    }

    internal void Check(int code)
    {
        if (code != Native.Ok) throw Failure(code);
    }

    internal StoreException Failure(int code)
    {
        var extended = _handle == 0 ? code : Native.sqlite3_extended_errcode(_handle);
        var message = Marshal.PtrToStringUTF8(_handle == 0 ? Native.sqlite3_errstr(code) : Native.sqlite3_errmsg(_handle));
        return new StoreException(extended, $"database \"{_path}\": {message} (SQLite error {extended})");
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values) statement.Dispose();
        _statements.Clear();
        if (_handle == 0) return;
        // It cannot fail: the zombie form waits for statements, and there are none left.
        _ = Native.sqlite3_close_v2(_handle);
        _handle = 0;
    }

    private static byte[] Terminated(string text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }
}
