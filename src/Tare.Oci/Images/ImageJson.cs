using System.Text.Json.Serialization;

namespace Tare.Oci.Images;

/// <summary>JSON of images. Names are read in any case, as Go's encoding/json does.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    PropertyNameCaseInsensitive = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OciDescriptor))]
[JsonSerializable(typeof(OciManifest))]
[JsonSerializable(typeof(OciIndex))]
[JsonSerializable(typeof(OciLayout))]
[JsonSerializable(typeof(IReadOnlyList<DockerArchiveManifest>))]
public sealed partial class ImageJson : JsonSerializerContext;

/// <summary>JSON of image configurations, whose container part has upper-case names.</summary>
[JsonSourceGenerationOptions(
    PropertyNameCaseInsensitive = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OciImageConfig))]
[JsonSerializable(typeof(OciContainerConfig))]
public sealed partial class ImageConfigJson : JsonSerializerContext;
