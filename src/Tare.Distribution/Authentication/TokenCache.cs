using Tare.Distribution.Failures;
using Tare.Distribution.Transport;
using Tare.Errors;

namespace Tare.Distribution.Authentication;

/// <summary>The tokens of the process, each fetched once for all who need it at the same time. Thread-safe.</summary>
internal sealed class TokenCache(TokenServer server, TimeProvider time)
{
    private const int Max = 1000;

    private readonly Lock _lock = new();
    private readonly Dictionary<TokenRequest, Task<Token>> _tokens = [];

    /// <summary>A token that is still good.</summary>
    /// <param name="request">What for.</param>
    /// <param name="refused">A token that the registry has just refused: it is not given again.</param>
    /// <param name="ct">Ends the waiting, not the fetching: others may wait too.</param>
    internal async Task<Token> GetAsync(TokenRequest request, string? refused, CancellationToken ct)
    {
        Task<Token> task;
        lock (_lock)
        {
            if (!_tokens.TryGetValue(request, out task!) || !IsGood(task, refused))
            {
                if (_tokens.Count >= Max) Shrink();
                _tokens[request] = task = Task.Run(() => FetchAsync(request), CancellationToken.None);
            }
        }

        return await task.WaitAsync(ct);
    }

    private async Task<Token> FetchAsync(TokenRequest request)
    {
        using var limit = new IdleTimer(time, CancellationToken.None);
        limit.Wind(Limits.TokenExchange);
        try
        {
            return await server.FetchAsync(request, limit.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new RegistryException(
                ErrorKind.Internal, $"the token server {Refusal.Clean(request.Realm)} has not given a token within {Limits.TokenExchange.TotalSeconds} seconds", inner: e)
            {
                IsTransient = true,
            };
        }
    }

    private bool IsGood(Task<Token> task, string? refused)
    {
        if (!task.IsCompleted) return true;
        return task.IsCompletedSuccessfully && task.Result.Expires > time.GetUtcNow() && task.Result.Value != refused;
    }

    private void Shrink()
    {
        foreach (var (request, task) in _tokens)
        {
            if (!IsGood(task, null)) _tokens.Remove(request);
        }

        if (_tokens.Count >= Max) _tokens.Clear();
    }
}
