using System.Collections.Concurrent;

namespace Tare.Store;

/// <summary>
/// The engine's durable state: one SQLite file in WAL mode. Writers take turns, readers never wait for them. Thread-safe.
/// </summary>
public sealed class Database : IDisposable
{
    private readonly string _path;
    private readonly Connection _writer;
    private readonly Lock _writing = new();
    private readonly ConcurrentBag<Connection> _readers = [];
    private bool _disposed;

    private Database(string path, Connection writer)
    {
        _path = path;
        _writer = writer;
    }

    /// <summary>Opens the file, or makes it, and brings every owner's tables up to date.</summary>
    /// <param name="path">The file. SQLite keeps its journal beside it.</param>
    /// <param name="owners">Everybody who has tables in it.</param>
    /// <exception cref="StoreException">The file is no database of the house, is damaged, or was written by a newer version.</exception>
    public static Database Open(string path, params IReadOnlyList<SchemaOwner> owners)
    {
        var writer = new Connection(path);
        var database = new Database(path, writer);
        try
        {
            database.Write(session => Schema.Upgrade(session, writer, path, owners), Durability.Full);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Reads from one consistent snapshot.</summary>
    public T Read<T>(Func<ReadSession, T> body)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var connection = _readers.TryTake(out var idle) ? idle : new Connection(_path);
        var session = new ReadSession(connection);
        try
        {
            Run(connection, "BEGIN DEFERRED");
            var result = body(session);
            Run(connection, "COMMIT");
            return result;
        }
        finally
        {
            session.End();
            if (connection.InTransaction) Run(connection, "ROLLBACK");
            _readers.Add(connection);
        }
    }

    /// <summary>
    /// Carries out a transaction (BEGIN IMMEDIATE): committed when the body returns, rolled back when it throws. Do nothing slow
    /// in the body: other writers wait. A body must not start another transaction.
    /// </summary>
    /// <param name="body">What to read and write.</param>
    /// <param name="durability">What the commit survives.</param>
    public T Write<T>(Func<WriteSession, T> body, Durability durability = Durability.Normal)
    {
        if (_writing.IsHeldByCurrentThread) throw new InvalidOperationException("a transaction is open on this thread");
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _writer.SetDurability(durability);
            var session = new WriteSession(_writer);
            try
            {
                Run(_writer, "BEGIN IMMEDIATE");
                var result = body(session);
                Run(_writer, "COMMIT");
                return result;
            }
            finally
            {
                session.End();
                if (_writer.InTransaction) Run(_writer, "ROLLBACK");
            }
        }
    }

    /// <summary>As <see cref="Write{T}"/>, without a result.</summary>
    /// <param name="body">What to read and write.</param>
    /// <param name="durability">What the commit survives.</param>
    public void Write(Action<WriteSession> body, Durability durability = Durability.Normal) =>
        Write(
            session =>
            {
                body(session);
                return 0;
            },
            durability);

    /// <summary>Closes the file. The last connection to close folds the journal into it.</summary>
    public void Dispose()
    {
        lock (_writing)
        {
            _disposed = true;
            while (_readers.TryTake(out var reader)) reader.Dispose();
            _writer.Dispose();
        }
    }

    private static void Run(Connection connection, string sql)
    {
        var statement = connection.Rent(sql);
        try
        {
            statement.Step();
        }
        finally
        {
            connection.Return(sql, statement);
        }
    }
}

/// <summary>What a commit survives.</summary>
public enum Durability
{
    /// <summary>The death of this process; a power cut may undo the last transactions, but never tears one.</summary>
    Normal,

    /// <summary>A power cut too: the commit waits for the disk.</summary>
    Full,
}
