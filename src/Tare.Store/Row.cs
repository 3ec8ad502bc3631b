using System.Runtime.InteropServices;

namespace Tare.Store;

/// <summary>The current row of a query. Columns are counted from 0.</summary>
public readonly ref struct Row
{
    private readonly nint _statement;

    internal Row(nint statement) => _statement = statement;

    /// <summary>Whether the column is null.</summary>
    public bool IsNull(int column) => Native.sqlite3_column_type(_statement, Checked(column)) == Native.TypeNull;

    /// <summary>The column as an integer; 0 when it is null.</summary>
    public long GetInt64(int column) => Native.sqlite3_column_int64(_statement, Checked(column));

    /// <summary>The column as an integer, or <see langword="null"/>.</summary>
    public long? GetInt64OrNull(int column) => IsNull(column) ? null : GetInt64(column);

    /// <summary>The column as a flag: whether it is not 0.</summary>
    public bool GetBoolean(int column) => GetInt64(column) != 0;

    /// <summary>The column as text; empty when it is null.</summary>
    public string GetString(int column) => GetStringOrNull(column) ?? "";

    /// <summary>The column as text, or <see langword="null"/>.</summary>
    public string? GetStringOrNull(int column)
    {
        // The order matters: the text's conversion comes before its length.
        var text = Native.sqlite3_column_text(_statement, Checked(column));
        return text == 0 ? null : Marshal.PtrToStringUTF8(text, Native.sqlite3_column_bytes(_statement, column));
    }

    /// <summary>The column as bytes; empty when it is null.</summary>
    public byte[] GetBytes(int column)
    {
        var bytes = Native.sqlite3_column_blob(_statement, Checked(column));
        if (bytes == 0) return [];
        var copy = new byte[Native.sqlite3_column_bytes(_statement, column)];
        Marshal.Copy(bytes, copy, 0, copy.Length);
        return copy;
    }

    private int Checked(int column) =>
        (uint)column < (uint)Native.sqlite3_column_count(_statement) ? column : throw new ArgumentOutOfRangeException(nameof(column));
}

/// <summary>Makes a value from a row.</summary>
public delegate T RowReader<out T>(Row row);
