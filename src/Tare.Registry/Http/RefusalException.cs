using Microsoft.AspNetCore.Http;

namespace Tare.Registry.Http;

/// <summary>A refusal that a client is told in the form of the distribution-spec ("Error Codes").</summary>
internal sealed class RefusalException(int status, string code, string message, string? detail = null) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    internal int Status => status;

    /// <summary>One of the specification's codes.</summary>
    internal string Code => code;

    /// <summary>What it is about: a name, a digest.</summary>
    internal string? Detail => detail;

    internal static RefusalException BlobUnknown(string digest) => new(StatusCodes.Status404NotFound, "BLOB_UNKNOWN", "blob unknown to registry", digest);

    internal static RefusalException BlobUploadInvalid(string message) => new(StatusCodes.Status400BadRequest, "BLOB_UPLOAD_INVALID", message);

    internal static RefusalException BlobUploadUnknown(string id) => new(StatusCodes.Status404NotFound, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", id);

    internal static RefusalException DigestInvalid(string message, string? detail = null) => new(StatusCodes.Status400BadRequest, "DIGEST_INVALID", message, detail);

    internal static RefusalException ManifestBlobUnknown(string digest) =>
        new(StatusCodes.Status400BadRequest, "MANIFEST_BLOB_UNKNOWN", "the manifest refers to content that is not in the repository: push it first", digest);

    internal static RefusalException ManifestInvalid(string message) => new(StatusCodes.Status400BadRequest, "MANIFEST_INVALID", message);

    internal static RefusalException ManifestUnknown(string reference) => new(StatusCodes.Status404NotFound, "MANIFEST_UNKNOWN", "manifest unknown", reference);

    internal static RefusalException NameInvalid(string name) => new(StatusCodes.Status400BadRequest, "NAME_INVALID", "invalid repository name", name);

    internal static RefusalException NameUnknown(string name) => new(StatusCodes.Status404NotFound, "NAME_UNKNOWN", "repository name not known to registry", name);

    internal static RefusalException RangeInvalid(string message) => new(StatusCodes.Status416RangeNotSatisfiable, "BLOB_UPLOAD_INVALID", message);

    internal static RefusalException SizeInvalid(int status, string message) => new(status, "SIZE_INVALID", message);

    internal static RefusalException Unauthorized(string message) => new(StatusCodes.Status401Unauthorized, "UNAUTHORIZED", message);

    internal static RefusalException Denied(string message) => new(StatusCodes.Status403Forbidden, "DENIED", message);

    internal static RefusalException Unsupported(string message) => new(StatusCodes.Status405MethodNotAllowed, "UNSUPPORTED", message);

    internal static RefusalException PaginationInvalid(string n) => new(StatusCodes.Status400BadRequest, "PAGINATION_NUMBER_INVALID", "invalid number of results requested", n);

    internal static RefusalException TooManyRequests(string message) => new(StatusCodes.Status429TooManyRequests, "TOOMANYREQUESTS", message);

    internal static RefusalException NoRoom(string message) => new(StatusCodes.Status507InsufficientStorage, "DENIED", message);

    internal static RefusalException NotFound() => new(StatusCodes.Status404NotFound, "NAME_UNKNOWN", "there is nothing at this path");
}
