using Tare.Errors;

namespace Tare.Client;

/// <summary>The engine refused a request. The message is the engine's own sentence.</summary>
public sealed class EngineException : TareException
{
    /// <summary>Creates the error from the status of the response and the engine's sentence.</summary>
    public EngineException(int status, string message)
        : base(KindOf(status), message) => Status = status;

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    private static ErrorKind KindOf(int status) => status switch
    {
        304 => ErrorKind.NotModified,
        400 => ErrorKind.InvalidArgument,
        401 => ErrorKind.Unauthorized,
        403 => ErrorKind.Forbidden,
        404 => ErrorKind.NotFound,
        409 => ErrorKind.Conflict,
        501 => ErrorKind.NotImplemented,
        503 => ErrorKind.Unavailable,
        >= 400 and < 500 => ErrorKind.InvalidArgument,
        _ => ErrorKind.Internal,
    };
}

/// <summary>No engine could be reached, or the connection to it broke before it answered.</summary>
public sealed class EngineUnreachableException : TareException
{
    /// <summary>Creates the error with a whole sentence.</summary>
    public EngineUnreachableException(EngineAddress address, string message, Exception? inner = null)
        : base(ErrorKind.Unavailable, message, inner) => Address = address;

    /// <summary>Where the engine was looked for.</summary>
    public EngineAddress Address { get; }
}
