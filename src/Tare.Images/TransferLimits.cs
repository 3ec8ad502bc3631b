namespace Tare.Images;

/// <summary>How many layers are on their way at once, of all pulls and pushes together.</summary>
/// <param name="Downloads">Fetched (<c>--max-concurrent-downloads</c>).</param>
/// <param name="Uploads">Sent (<c>--max-concurrent-uploads</c>).</param>
public sealed record TransferLimits(int Downloads = 3, int Uploads = 5);
