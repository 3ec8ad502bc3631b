namespace Tare.Errors;

/// <summary>What sort of failure an error is. The Engine API maps each kind to one HTTP status, in one place.</summary>
public enum ErrorKind
{
    /// <summary>A failure that is nobody's choice: a bug, a broken disk, a kernel that refuses. HTTP 500.</summary>
    Internal = 0,

    /// <summary>The request is malformed or asks for something that makes no sense. HTTP 400.</summary>
    InvalidArgument,

    /// <summary>The credentials are missing or wrong. HTTP 401.</summary>
    Unauthorized,

    /// <summary>The request is understood and not allowed. HTTP 403.</summary>
    Forbidden,

    /// <summary>The object does not exist. HTTP 404.</summary>
    NotFound,

    /// <summary>The object is in a state, or a name is in use, that does not allow the request. HTTP 409.</summary>
    Conflict,

    /// <summary>The object already is as requested; nothing was done. HTTP 304.</summary>
    NotModified,

    /// <summary>This engine, this kernel or this build does not do it. HTTP 501.</summary>
    NotImplemented,

    /// <summary>It cannot be done now; the same request may succeed later. HTTP 503.</summary>
    Unavailable,
}
