using Tare.Errors;

namespace Tare.Store;

/// <summary>SQLite refused.</summary>
public sealed class StoreException : TareException
{
    internal StoreException(int code, string message)
        : base(ErrorKind.Internal, message) => Code = code;

    /// <summary>SQLite's extended result code (sqlite3_extended_errcode); 0 when the refusal is ours.</summary>
    public int Code { get; }
}
