using System.Text.Json.Serialization;
using Tare.Distribution.Authentication;
using Tare.Distribution.Failures;
using Tare.Distribution.Listing;

namespace Tare.Distribution;

/// <summary>JSON of registries and of their token servers. Names are read in any case, as Go's encoding/json does.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(ErrorDocument))]
[JsonSerializable(typeof(TokenDocument))]
[JsonSerializable(typeof(TagListDocument))]
[JsonSerializable(typeof(SearchAnswer))]
internal sealed partial class DistributionJson : JsonSerializerContext;
