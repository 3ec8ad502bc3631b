namespace Tare.Registry.Blobs;

/// <summary>
/// A client that asks whether something is there and hears yes will not push it, and refers to it later. What it was told of stays for
/// the grace period from then on, though nothing refers to it. So that questions need not be written down each time, an answer is
/// renewed when a quarter of the period has gone.
/// </summary>
internal sealed class Leases(TimeSpan grace)
{
    private const int Part = 4;

    private readonly long age = (long)grace.TotalMilliseconds / Part;

    internal bool MustRenew(long seen, long now) => now - seen >= age;
}
