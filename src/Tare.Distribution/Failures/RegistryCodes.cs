namespace Tare.Distribution.Failures;

/// <summary>The codes of the distribution specification and of Docker's registry, with the texts that stand for a missing message.</summary>
internal static class RegistryCodes
{
    internal const string Unknown = "UNKNOWN";
    internal const string Unauthorized = "UNAUTHORIZED";
    internal const string Denied = "DENIED";
    internal const string TooManyRequests = "TOOMANYREQUESTS";
    internal const string NameUnknown = "NAME_UNKNOWN";
    internal const string ManifestUnknown = "MANIFEST_UNKNOWN";
    internal const string BlobUnknown = "BLOB_UNKNOWN";
    internal const string UploadUnknown = "BLOB_UPLOAD_UNKNOWN";
    internal const string UploadInvalid = "BLOB_UPLOAD_INVALID";

    /// <summary>The text of a code; <see langword="null"/> for a code that is in no list.</summary>
    internal static string? MessageOf(string code) => code switch
    {
        Unknown => "unknown error",
        "UNSUPPORTED" => "The operation is unsupported.",
        Unauthorized => "authentication required",
        Denied => "requested access to the resource is denied",
        "UNAVAILABLE" => "service unavailable",
        TooManyRequests => "too many requests",
        "DIGEST_INVALID" => "provided digest did not match uploaded content",
        "SIZE_INVALID" => "provided length did not match content length",
        "RANGE_INVALID" => "invalid content range",
        "NAME_INVALID" => "invalid repository name",
        "TAG_INVALID" => "manifest tag did not match URI",
        NameUnknown => "repository name not known to registry",
        ManifestUnknown => "manifest unknown",
        "MANIFEST_INVALID" => "manifest invalid",
        "MANIFEST_UNVERIFIED" => "manifest failed signature verification",
        "MANIFEST_BLOB_UNKNOWN" => "blob unknown to registry",
        BlobUnknown => "blob unknown to registry",
        UploadUnknown => "blob upload unknown to registry",
        UploadInvalid => "blob upload invalid",
        "PAGINATION_NUMBER_INVALID" => "invalid number of results requested",
        _ => null,
    };
}
