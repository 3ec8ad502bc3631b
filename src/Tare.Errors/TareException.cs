namespace Tare.Errors;

/// <summary>
/// The exception of every floor. Its message is one sentence for the user: the cause, the object, and where there is one the
/// fix. It starts in lower case, has no trailing full stop, and is never nested into another sentence of the same text.
/// </summary>
public class TareException : Exception
{
    /// <summary>Creates an error of the given kind.</summary>
    public TareException(ErrorKind kind, string message, Exception? inner = null)
        : base(message, inner) => Kind = kind;

    /// <summary>What sort of failure it is.</summary>
    public ErrorKind Kind { get; }

    /// <summary>The object does not exist.</summary>
    public static TareException NotFound(string message) => new(ErrorKind.NotFound, message);

    /// <summary>The request is malformed or asks for something impossible.</summary>
    public static TareException Invalid(string message, Exception? inner = null) => new(ErrorKind.InvalidArgument, message, inner);

    /// <summary>It is understood, and not allowed.</summary>
    public static TareException Forbidden(string message) => new(ErrorKind.Forbidden, message);

    /// <summary>The state of the object, or a name in use, does not allow it.</summary>
    public static TareException Conflict(string message) => new(ErrorKind.Conflict, message);

    /// <summary>This engine, kernel or build does not do it.</summary>
    public static TareException NotImplemented(string message) => new(ErrorKind.NotImplemented, message);

    /// <summary>A failure that is nobody's choice.</summary>
    public static TareException Internal(string message, Exception? inner = null) => new(ErrorKind.Internal, message, inner);
}
