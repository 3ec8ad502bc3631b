using System.IO.Pipelines;

namespace Tare.Registry.Hosting;

/// <summary>Two pipes as one connection.</summary>
internal sealed class DuplexPipe(PipeReader input, PipeWriter output) : IDuplexPipe
{
    public PipeReader Input => input;

    public PipeWriter Output => output;
}
