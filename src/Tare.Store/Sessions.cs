namespace Tare.Store;

/// <summary>Reads rows within a transaction. Valid only inside the body it is given to.</summary>
public class ReadSession
{
    private Connection? _connection;

    internal ReadSession(Connection connection) => _connection = connection;

    private protected Connection Connection => _connection ?? throw new ObjectDisposedException(nameof(ReadSession));

    /// <summary>All rows of a query.</summary>
    /// <param name="sql">A constant text: it is prepared once and kept.</param>
    /// <param name="read">Makes a value from each row.</param>
    /// <param name="arguments">One value for each parameter, <c>?</c>, in order.</param>
    public IReadOnlyList<T> Query<T>(string sql, RowReader<T> read, params ReadOnlySpan<SqlValue> arguments)
    {
        var statement = Connection.Rent(sql);
        try
        {
            statement.Bind(arguments);
            var rows = new List<T>();
            while (statement.Step()) rows.Add(read(statement.Row));
            return rows;
        }
        finally
        {
            Connection.Return(sql, statement);
        }
    }

    /// <summary>The first row of a query, or the default value.</summary>
    /// <inheritdoc cref="Query{T}"/>
    public T? QueryFirst<T>(string sql, RowReader<T> read, params ReadOnlySpan<SqlValue> arguments)
    {
        var statement = Connection.Rent(sql);
        try
        {
            statement.Bind(arguments);
            return statement.Step() ? read(statement.Row) : default;
        }
        finally
        {
            Connection.Return(sql, statement);
        }
    }

    internal void End() => _connection = null;
}

/// <summary>Reads and writes rows within a transaction. Valid only inside the body it is given to.</summary>
public sealed class WriteSession : ReadSession
{
    internal WriteSession(Connection connection)
        : base(connection)
    {
    }

    /// <summary>The row id of the last INSERT.</summary>
    public long LastInsertId => Connection.LastInsertId;

    /// <summary>Carries out a statement.</summary>
    /// <param name="sql">A constant text: it is prepared once and kept.</param>
    /// <param name="arguments">One value for each parameter, <c>?</c>, in order.</param>
    /// <returns>How many rows it changed.</returns>
    public int Execute(string sql, params ReadOnlySpan<SqlValue> arguments)
    {
        var statement = Connection.Rent(sql);
        try
        {
            statement.Bind(arguments);
            while (statement.Step())
            {
                // Rows of a RETURNING clause are nobody's here.
            }

            return Connection.ChangedRows;
        }
        finally
        {
            Connection.Return(sql, statement);
        }
    }
}
