using System.Text.Json;
using System.Threading.Channels;
using Tare.Images.Pushing;
using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>What happens during a push, in Docker's words.</summary>
internal sealed class PushProgress(ChannelWriter<ProgressMessage> messages) : IProgress<PushEvent>
{
    /// <inheritdoc/>
    public void Report(PushEvent value)
    {
        switch (value)
        {
            case PushLayerEvent layer:
                messages.TryWrite(new ProgressMessage
                {
                    Id = layer.Layer.Short,
                    Status = Words(layer),
                    ProgressDetail = new ProgressDetail { Current = layer.Current, Total = layer.Total },
                });
                break;
            case PushedTagEvent tag:
                messages.TryWrite(new ProgressMessage { Status = $"{tag.Tag}: digest: {tag.Digest} size: {tag.Size}" });
                messages.TryWrite(new ProgressMessage { ProgressDetail = new ProgressDetail(), Aux = Aux(tag) });
                break;
        }
    }

    private static JsonElement Aux(PushedTagEvent tag)
    {
        using var document = JsonDocument.Parse($$"""{"Tag":"{{tag.Tag}}","Digest":"{{tag.Digest}}","Size":{{tag.Size}}}""");
        return document.RootElement.Clone();
    }

    private static string Words(PushLayerEvent layer) => layer.Stage switch
    {
        PushStage.Preparing => "Preparing",
        PushStage.Waiting => "Waiting",
        PushStage.AlreadyExists => "Layer already exists",
        PushStage.Mounted => $"Mounted from {layer.From}",
        PushStage.Pushing => "Pushing",
        PushStage.Pushed => "Pushed",
        _ => throw new ArgumentOutOfRangeException(nameof(layer)),
    };
}
