using System.Threading.Channels;
using Tare.Images.Pulling;
using Tare.Oci;
using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>What happens during a pull, in Docker's words.</summary>
internal sealed class PullProgress(ChannelWriter<ProgressMessage> messages, Reference name) : IProgress<PullEvent>
{
    /// <inheritdoc/>
    public void Report(PullEvent value)
    {
        switch (value)
        {
            case PullResolvedEvent:
                messages.TryWrite(new ProgressMessage { Id = name.Digest.IsEmpty ? name.Tag : name.FamiliarString, Status = $"Pulling from {name.Path}" });
                break;
            case PullLayerEvent layer:
                messages.TryWrite(new ProgressMessage
                {
                    Id = layer.Layer.Short,
                    Status = Words(layer.Stage),
                    ProgressDetail = new ProgressDetail { Current = layer.Current, Total = layer.Total },
                });
                break;
        }
    }

    private static string Words(PullStage stage) => stage switch
    {
        PullStage.AlreadyExists => "Already exists",
        PullStage.PullingLayer => "Pulling fs layer",
        PullStage.Waiting => "Waiting",
        PullStage.Downloading => "Downloading",
        PullStage.VerifyingChecksum => "Verifying Checksum",
        PullStage.DownloadComplete => "Download complete",
        PullStage.Extracting => "Extracting",
        PullStage.PullComplete => "Pull complete",
        _ => throw new ArgumentOutOfRangeException(nameof(stage)),
    };
}
