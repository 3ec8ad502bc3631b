using System.Text.Json.Serialization;
using Tare.Wire.Json;

namespace Tare.Wire;

/// <summary>Swagger: EventMessage. The first three members are written only up to API 1.51, for containers and images.</summary>
public sealed record EventMessage
{
    [JsonPropertyName("status")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Status { get; set => field = OmitEmpty.Text(value); }

    [JsonPropertyName("id")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; set => field = OmitEmpty.Text(value); }

    [JsonPropertyName("from")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? From { get; set => field = OmitEmpty.Text(value); }

    /// <summary>One of <see cref="EventType"/>.</summary>
    public string Type { get; set; } = "";

    /// <summary>One of <see cref="EventAction"/>; some have more text behind a colon.</summary>
    public string Action { get; set; } = "";

    public EventActor Actor { get; set; } = new();

    /// <summary><c>local</c> or <c>swarm</c>.</summary>
    [JsonPropertyName("scope")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Scope { get; set => field = OmitEmpty.Text(value); }

    /// <summary>Unix seconds.</summary>
    [JsonPropertyName("time")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Time { get; set; }

    /// <summary>Unix nanoseconds of the same moment.</summary>
    [JsonPropertyName("timeNano")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long TimeNano { get; set; }
}

/// <summary>Swagger: EventActor.</summary>
public sealed record EventActor
{
    public string ID { get; set; } = "";

    public IReadOnlyDictionary<string, string>? Attributes { get; set; }
}

/// <summary>The types of events.</summary>
public static class EventType
{
    public const string Builder = "builder";
    public const string Config = "config";
    public const string Container = "container";
    public const string Daemon = "daemon";
    public const string Image = "image";
    public const string Network = "network";
    public const string Node = "node";
    public const string Plugin = "plugin";
    public const string Secret = "secret";
    public const string Service = "service";
    public const string Volume = "volume";
}

/// <summary>The actions of events.</summary>
public static class EventAction
{
    public const string Create = "create";
    public const string Start = "start";
    public const string Restart = "restart";
    public const string Stop = "stop";
    public const string Checkpoint = "checkpoint";
    public const string Pause = "pause";
    public const string Unpause = "unpause";
    public const string Attach = "attach";
    public const string Detach = "detach";
    public const string Resize = "resize";
    public const string Update = "update";
    public const string Rename = "rename";
    public const string Kill = "kill";
    public const string Die = "die";
    public const string Oom = "oom";
    public const string Destroy = "destroy";
    public const string Remove = "remove";
    public const string Commit = "commit";
    public const string Top = "top";
    public const string Copy = "copy";
    public const string ArchivePath = "archive-path";
    public const string ExtractToDir = "extract-to-dir";
    public const string Export = "export";
    public const string Import = "import";
    public const string Save = "save";
    public const string Load = "load";
    public const string Tag = "tag";
    public const string Untag = "untag";
    public const string Push = "push";
    public const string Pull = "pull";
    public const string Prune = "prune";
    public const string Delete = "delete";
    public const string Connect = "connect";
    public const string Disconnect = "disconnect";
    public const string Reload = "reload";
    public const string Mount = "mount";
    public const string Unmount = "unmount";

    /// <summary>Followed by a colon, a space and the command.</summary>
    public const string ExecCreate = "exec_create";

    /// <summary>Followed by a colon, a space and the command.</summary>
    public const string ExecStart = "exec_start";

    public const string ExecDie = "exec_die";
    public const string ExecDetach = "exec_detach";

    /// <summary>Followed by a colon, a space and the new status.</summary>
    public const string HealthStatus = "health_status";
}
