namespace Tare.Volumes;

/// <summary>How much a volume may take.</summary>
/// <param name="Project">The number of its project on the filesystem.</param>
/// <param name="Bytes">The limit, more than 0.</param>
public sealed record VolumeQuota(uint Project, long Bytes);
