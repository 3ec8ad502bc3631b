namespace Tare.Distribution.Tests.Harness;

/// <summary>A registry that takes uploads in chunks, as the distribution-spec describes it. What goes wrong is up to the test.</summary>
public sealed class UploadRegistry
{
    private readonly Lock _lock = new();
    private readonly MemoryStream _received = new();

    /// <summary>What has arrived.</summary>
    public byte[] Received
    {
        get
        {
            lock (_lock) return _received.ToArray();
        }
    }

    /// <summary>Whether the upload was ended with a digest.</summary>
    public string? Digest { get; private set; }

    public bool IsDeleted { get; private set; }

    /// <summary>How the next address is written; <c>{0}</c> stands for its path and query.</summary>
    public string Location { get; init; } = "{0}";

    /// <summary>Has a say before a request is served.</summary>
    public Func<ReceivedRequest, Reply?> Before { get; init; } = _ => null;

    /// <summary>Has a say after a request was served.</summary>
    public Func<ReceivedRequest, Reply?> After { get; init; } = _ => null;

    public string[] BeginHeaders { get; init; } = [];

    /// <summary>Takes bytes that no answer has acknowledged.</summary>
    public void Keep(ReadOnlySpan<byte> bytes)
    {
        lock (_lock) _received.Write(bytes);
    }

    public Reply Serve(ReceivedRequest request)
    {
        if (request.Target == "/v2/") return Reply.Of(200);
        lock (_lock)
        {
            if (Before(request) is { } instead) return instead;
            var reply = Answer(request);
            return After(request) ?? reply;
        }
    }

    private Reply Answer(ReceivedRequest request)
    {
        switch (request.Method)
        {
            case "POST":
                return Reply.Of(202, "", [Next(), .. BeginHeaders]);
            case "PATCH":
                if (!Take(request)) return Reply.Of(416, "", Next(), Range());
                return Reply.Of(202, "", Next(), Range());
            case "GET":
                return Reply.Of(204, "", Next(), Range());
            case "PUT":
                if (request.Body.Length > 0 && !Take(request)) return Reply.Of(416, "", Next(), Range());
                Digest = request.Query("digest");
                return Reply.Of(201);
            case "DELETE":
                IsDeleted = true;
                return Reply.Of(204);
            case "HEAD":
                return Digest is null ? Reply.Of(404) : Reply.Of(200);
            default:
                return Reply.Of(405);
        }
    }

    private bool Take(ReceivedRequest request)
    {
        var start = long.Parse(request["Content-Range"]!.Split('-')[0]);
        if (start != _received.Length) return false;
        _received.Write(request.Body);
        return true;
    }

    // Each answer names another address, as registries with a state in it do.
    private string Next() => "Location: " + string.Format(Location, $"/v2/team/app/blobs/uploads/u1?state={_received.Length}");

    private string Range() => $"Range: 0-{Math.Max(0, _received.Length - 1)}";
}
