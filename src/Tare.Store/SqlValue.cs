using System.Diagnostics.CodeAnalysis;

namespace Tare.Store;

/// <summary>A value of SQLite: null, a 64-bit integer, UTF-8 text or bytes. Other types are converted by whoever writes the SQL.</summary>
[SuppressMessage("Usage", "CA2225", Justification = "the named alternates are FromString, FromInt64 and FromMemory")]
public readonly struct SqlValue
{
    private SqlValue(SqlType type, long integer, string? text, ReadOnlyMemory<byte> blob)
    {
        Type = type;
        Integer = integer;
        Text = text;
        Blob = blob;
    }

    /// <summary>The null value.</summary>
    public static SqlValue Null => default;

    internal SqlType Type { get; }

    internal long Integer { get; }

    internal string? Text { get; }

    internal ReadOnlyMemory<byte> Blob { get; }

    public static implicit operator SqlValue(string? text) => FromString(text);

    public static implicit operator SqlValue(long integer) => FromInt64(integer);

    public static implicit operator SqlValue(long? integer) => integer is { } value ? FromInt64(value) : Null;

    public static implicit operator SqlValue(bool flag) => FromInt64(flag ? 1 : 0);

    public static implicit operator SqlValue(byte[]? blob) => blob is null ? Null : FromMemory(blob);

    public static implicit operator SqlValue(ReadOnlyMemory<byte> blob) => FromMemory(blob);

    /// <summary>Text, or null.</summary>
    public static SqlValue FromString(string? text) => text is null ? Null : new SqlValue(SqlType.Text, 0, text, default);

    /// <summary>An integer.</summary>
    public static SqlValue FromInt64(long integer) => new(SqlType.Integer, integer, null, default);

    /// <summary>Bytes, which are copied when the statement is carried out.</summary>
    public static SqlValue FromMemory(ReadOnlyMemory<byte> blob) => new(SqlType.Blob, 0, null, blob);
}

/// <summary>SQLite's storage classes that the house uses.</summary>
internal enum SqlType
{
    Null,
    Integer,
    Text,
    Blob,
}
