// What API Management logs of one API of a language model: tokens and model, and messages if they are asked for. No
// bodies: logging them can hold back the events of a streamed answer.

@description('Name of the API Management service.')
param serviceName string

@description('Name of the API.')
param apiName string

@description('Whether prompts and answers are logged.')
param logMessages bool

var messages = {
  messages: 'all'
  maxSizeInBytes: 32768
}

var tokensOnly = {
  logs: 'enabled'
}

var tokensAndMessages = {
  logs: 'enabled'
  requests: messages
  responses: messages
}

resource service 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: serviceName
}

resource api 'Microsoft.ApiManagement/service/apis@2024-05-01' existing = {
  parent: service
  name: apiName
}

// largeLanguageModel came with this version.
resource diagnostic 'Microsoft.ApiManagement/service/apis/diagnostics@2024-06-01-preview' = {
  parent: api
  name: 'azuremonitor'
  properties: {
    alwaysLog: 'allErrors'
    logClientIp: true
    loggerId: '${service.id}/loggers/azuremonitor'
    sampling: {
      samplingType: 'fixed'
      percentage: 100
    }
    largeLanguageModel: logMessages ? tokensAndMessages : tokensOnly
  }
}
