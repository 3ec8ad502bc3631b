using Tare.Distribution.Transport;
using Tare.Errors;
using Tare.Oci;

namespace Tare.Distribution.Failures;

/// <summary>Makes sentences of refusals, as Docker's daemon does for pulls and pushes.</summary>
internal static class RegistryErrors
{
    /// <summary>The error of a read.</summary>
    /// <param name="answer">The refusal.</param>
    /// <param name="name">What was to be read, with tag or digest if it was a manifest.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Ends the reading of the answer.</param>
    internal static async Task<RegistryException> OfReadAsync(Answer answer, Reference name, TimeProvider time, CancellationToken ct)
    {
        var refusal = await Refusal.ReadAsync(answer, time, ct);
        return refusal.Code switch
        {
            RegistryCodes.Denied => Make(
                ErrorKind.NotFound, $"pull access denied for {name.FamiliarName}, repository does not exist or may require 'docker login': {refusal.Text}", refusal),
            RegistryCodes.NameUnknown => Make(ErrorKind.NotFound, $"repository {name.FamiliarName} not found: {refusal.Text}", refusal),
            RegistryCodes.ManifestUnknown => Make(ErrorKind.NotFound, $"manifest for {name.FamiliarString} not found: {refusal.Text}", refusal),
            _ when refusal.Status == 404 && !name.IsNameOnly => Make(ErrorKind.NotFound, $"manifest for {name.FamiliarString} not found: {refusal.Text}", refusal),
            _ => Make(KindOf(refusal.Status), refusal.Text, refusal),
        };
    }

    /// <summary>The error of a write.</summary>
    internal static async Task<RegistryException> OfWriteAsync(Answer answer, TimeProvider time, CancellationToken ct)
    {
        var refusal = await Refusal.ReadAsync(answer, time, ct);
        return Make(KindOf(refusal.Status), refusal.Text, refusal);
    }

    private static ErrorKind KindOf(int status) => status switch
    {
        400 => ErrorKind.InvalidArgument,
        401 => ErrorKind.Unauthorized,
        403 => ErrorKind.Forbidden,
        404 => ErrorKind.NotFound,
        _ => ErrorKind.Internal,
    };

    private static RegistryException Make(ErrorKind kind, string message, Refusal refusal) => new(kind, message, refusal.Code, refusal.Status)
    {
        // Without a Retry-After a rate limit is one that does not end in a moment.
        IsTransient = refusal.Status is >= 500 and not 501 and not 505 or 408 || (refusal.Status == 429 && refusal.RetryAfter is not null),
        RetryAfter = refusal.RetryAfter,
    };
}
