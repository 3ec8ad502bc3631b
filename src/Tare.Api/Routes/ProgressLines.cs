using Tare.Api.Http;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>Responses that tell of work while it goes on: a message a line, and what fails in the last one.</summary>
internal static class ProgressLines
{
    /// <summary>How Docker ends the lines.</summary>
    private const string LineEnd = "\r\n";

    /// <summary>Does work that tells of itself. Success is announced with the first message, or when it has ended without one.</summary>
    /// <param name="context">The request.</param>
    /// <param name="work">The work, with what receives its messages.</param>
    /// <param name="cancellationToken">Ends the answer.</param>
    /// <param name="announced">Whether success counts as announced from the beginning: then every failure is told in a line, and none by a status.</param>
    internal static async Task RunAsync(ApiContext context, Func<Func<ProgressMessage, ValueTask>, Task> work, CancellationToken cancellationToken, bool announced = false)
    {
        using var lines = new JsonLines(context, MediaType.Json, LineEnd);
        try
        {
            await work(message => lines.WriteAsync(Compatibility.Of(message, context.Version), cancellationToken));
            await lines.StartAsync(cancellationToken);
        }
        catch (Exception e) when ((announced || lines.HasStarted) && e is not OperationCanceledException)
        {
            await lines.WriteAsync(new ProgressMessage { ErrorDetail = new ErrorDetail { Message = e.Message }, Error = e.Message }, cancellationToken);
            // What is not told in words of ours is a fault of ours.
            if (e is not TareException) throw new ToldException(e);
        }
    }
}
