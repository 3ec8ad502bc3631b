using Tare.Distribution.Failures;
using Tare.Errors;

namespace Tare.Distribution;

/// <summary>What a registry refused, or why it could not be reached. The texts are Docker's where Docker has one.</summary>
public sealed class RegistryException : TareException
{
    internal RegistryException(ErrorKind kind, string message, string code = "", int status = 0, Exception? inner = null)
        : base(kind, message, inner)
    {
        Code = code;
        Status = status;
    }

    /// <summary>The registry's code, such as <c>MANIFEST_UNKNOWN</c> (distribution-spec, "Error Codes"); empty if it gave none.</summary>
    public string Code { get; }

    /// <summary>The HTTP status; 0 when there was no answer.</summary>
    public int Status { get; }

    /// <summary>Whether the registry no longer knows an upload, which then has to begin anew.</summary>
    public bool IsUploadLost => Code is RegistryCodes.UploadUnknown or RegistryCodes.UploadInvalid;

    /// <summary>Whether the same request may succeed in a moment.</summary>
    internal bool IsTransient { get; init; }

    /// <summary>Whether there is nobody who speaks HTTP: another scheme or another endpoint may help.</summary>
    internal bool IsUnreachable { get; init; }

    /// <summary>How long the registry wants to be left alone.</summary>
    internal TimeSpan? RetryAfter { get; init; }
}
