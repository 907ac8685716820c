// The diagnostic setting of an Azure OpenAI account.

@description('Name of the account.')
param accountName string

@description('Categories of its logs.')
param categories array

@description('Name of the event hub.')
param eventHubName string

@description('Id of the namespace\'s rule that Azure Monitor writes with.')
param authorizationRuleId string

resource account 'Microsoft.CognitiveServices/accounts@2024-10-01' existing = {
  name: accountName
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'aoai-collector'
  scope: account
  properties: {
    eventHubAuthorizationRuleId: authorizationRuleId
    eventHubName: eventHubName
    logs: [for category in categories: {
      category: category
      enabled: true
    }]
  }
}
