using System.Text.Json.Serialization;
using Tare.Engine.Containers;
using Tare.Engine.Create;

namespace Tare.Engine.Storage;

/// <summary>How the engine's own values are written down. Members are only ever added: an older database must stay readable.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(LifeState))]
[JsonSerializable(typeof(IReadOnlyList<ContainerMount>))]
internal sealed partial class EngineJson : JsonSerializerContext;
