using System.Threading.Channels;
using Tare.Images;
using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>Passes on what happens during a load. Of a layer's progress only so much as a terminal can show.</summary>
internal sealed class LoadProgress(ChannelWriter<ProgressMessage> messages, bool quiet, TimeProvider time) : IProgress<LoadEvent>
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private readonly Lock gate = new();
    private readonly Dictionary<string, long> last = [];

    /// <inheritdoc/>
    public void Report(LoadEvent value)
    {
        switch (value)
        {
            case LoadMessage message:
                messages.TryWrite(new ProgressMessage { Stream = message.Text });
                break;
            case LayerProgress layer when !quiet && IsDue(layer):
                messages.TryWrite(new ProgressMessage
                {
                    Id = layer.Layer,
                    Status = "Loading layer",
                    ProgressDetail = new ProgressDetail { Current = layer.Current, Total = layer.Total },
                });
                break;
        }
    }

    private bool IsDue(LayerProgress layer)
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            var due = layer.Current >= layer.Total || !last.TryGetValue(layer.Layer, out var before) || time.GetElapsedTime(before, now) >= Interval;
            if (due) last[layer.Layer] = now;
            return due;
        }
    }
}
