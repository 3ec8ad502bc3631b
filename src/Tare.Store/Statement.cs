using System.Runtime.InteropServices;
using System.Text;

namespace Tare.Store;

/// <summary>A prepared statement.</summary>
internal sealed class Statement(Connection connection, nint handle) : IDisposable
{
    private nint _handle = handle;

    /// <summary>Whether somebody is using it: a row reader may ask the same question again.</summary>
    internal bool Rented { get; set; }

    internal Row Row => new(_handle);

    internal void Bind(ReadOnlySpan<SqlValue> arguments)
    {
        if (Native.sqlite3_bind_parameter_count(_handle) != arguments.Length)
            throw new ArgumentException($"the statement has {Native.sqlite3_bind_parameter_count(_handle)} parameters, not {arguments.Length}", nameof(arguments));
        for (var i = 0; i < arguments.Length; i++) connection.Check(Bind(i + 1, arguments[i]));
    }

    /// <summary>Steps to the next row.</summary>
    internal bool Step()
    {
        var code = Native.sqlite3_step(_handle);
        return code switch
        {
            Native.HasRow => true,
            Native.Done => false,
            _ => throw connection.Failure(code),
        };
    }

    internal void Reset()
    {
        // Both repeat the error of the last step, which was thrown then.
        _ = Native.sqlite3_reset(_handle);
        _ = Native.sqlite3_clear_bindings(_handle);
    }

    public void Dispose()
    {
        _ = Native.sqlite3_finalize(_handle);
        _handle = 0;
    }

    private int Bind(int index, in SqlValue value)
    {
        switch (value.Type)
        {
            case SqlType.Integer:
                return Native.sqlite3_bind_int64(_handle, index, value.Integer);
            case SqlType.Text:
                var text = Encoding.UTF8.GetBytes(value.Text!);
                return Native.sqlite3_bind_text(_handle, index, ref NonNull(text), text.Length, Native.Transient);
            case SqlType.Blob:
                return Native.sqlite3_bind_blob(_handle, index, ref NonNull(value.Blob.Span), value.Blob.Length, Native.Transient);
            default:
                return Native.sqlite3_bind_null(_handle, index);
        }
    }

    // SQLite takes a null pointer for the null value, and an empty span is one.
    private static ref byte NonNull(ReadOnlySpan<byte> bytes) => ref bytes.IsEmpty ? ref Empty[0] : ref MemoryMarshal.GetReference(bytes);

    private static readonly byte[] Empty = [0];
}
